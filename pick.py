import numpy as np
r=np.load('/tmp/fanv/rec.npy')
