"use strict";

(() => {
  const { problem, ridges, segments, events, trees } = JSON.parse(
    document.getElementById("view").textContent,
  );
  const element = (id) => document.getElementById(id);
  const dimension = problem.inputs[0].length;
  const values = ridges.map((ridge) => ridge.value);
  const planted = trees.some((tree) => tree !== null);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const STEP = 320; // milliseconds from ridge to ridge when playing

  for (const segment of segments) {
    for (const sample of segment.samples) {
      // Of exact paths texts are fractions, and numbers to draw are there already.
      sample.height ??= Number(sample.loss);
      sample.level ??= Number(sample.bias ?? 0);
      sample.sizes ??= sample.squares.map((square) => Math.sqrt(Number(square)));
      sample.vectors ??= sample.directions.map((direction, j) =>
        direction.map((entry) => Number(entry) * sample.sizes[j]),
      );
    }
  }

  // ------------------------------------------------------------ what there is at a ridge

  /** The numbers of a segment at a ridge; undefined where it does not exist. */
  const sampleAt = (segment, k) => segments[segment].samples[k - segments[segment].first];

  const present = ridges.map((_, k) =>
    segments
      .map((_, segment) => segment)
      .filter((segment) => sampleAt(segment, k) !== undefined)
      .sort((one, other) => sampleAt(one, k).height - sampleAt(other, k).height),
  );

  const state = { k: 0, family: present[0].length ? segments[present[0][0]].family : 0 };

  /** The chosen minimum, or the lowest one where the chosen one does not exist. */
  const chosen = () =>
    present[state.k].find((segment) => segments[segment].family === state.family) ??
    present[state.k][0];

  /** The chosen minimum last, so that it is drawn on top. */
  const ordered = () =>
    present[state.k].length
      ? [...present[state.k].filter((segment) => segment !== chosen()), chosen()]
      : [];

  const [below, above] = problem.slopes ?? [0, 1];

  const predict = (sample, signs, input) =>
    sample.vectors.reduce((sum, vector, j) => {
      const height = vector.reduce((part, entry, i) => part + entry * (input[i] ?? 1), 0);
      return sum + signs[j] * sample.sizes[j] * height * (height > 0 ? above : below);
    }, (sample.linear ?? []).reduce(
      (sum, slope, i) => sum + Number(slope) * input[i], sample.level));

  // ------------------------------------------------------------------------------- words

  const kind = (segment) => (segments[segment].isolated ? "isolated" : "connected");

  const rank = (sample) =>
    sample.everywhere ? "global at every width" : sample.lowest ? "lowest" : "";

  /** A number as the document has it, a fraction with a decimal beside it. */
  const numberText = (text, value) =>
    text.includes("/") ? `${text} ≈ ${Number(value.toPrecision(10))}` : text;

  const lossText = (sample) => numberText(sample.loss, sample.height);

  const signed = (sign) => (sign > 0 ? "a\u00a0>\u00a00" : "a\u00a0<\u00a00");

  const supportText = (segment) =>
    segments[segment].faces.map((face, j) => `${face} (${signed(segments[segment].signs[j])})`)
      .join(", ") || (problem.bent ? "constant network" : "zero network");

  const short = (sample) => String(Number(sample.height.toPrecision(6)));

  const ridgeText = (k) => {
    const { text, relation, decimal } = ridges[k];
    return text === decimal ? text : `${text} ${relation} ${decimal}`;
  };

  const shortText = (text) => String(Number(Number(text).toPrecision(6)));

  const EVENTS = { death: "a unit dies", kink: "a unit crosses data points" };

  /** What the tree says of a minimum. */
  const basinLines = (segment, k) => {
    const fact = trees[k]?.facts[segment];
    if (!fact) return [];
    if (!fact.basin) return [`no basin: the loss falls from its ends, to ${segments[fact.joins].name}`];
    if (fact.depth === null) return ["basin of least loss"];
    return [
      `basin, depth ${fact.depth}`,
      `joins ${segments[fact.joins].name} at ${fact.barrier}: ${EVENTS[fact.event]}`,
    ];
  };

  const passLines = (k, number, what) => {
    const { loss, joined, points } = trees[k].merges[number];
    const crossed = what === "kink" && points.length ? ` ${points.join(", ")}` : "";
    return [
      `pass: ${EVENTS[what]}${crossed}`,
      `loss: ${loss}`,
      `${joined.map((segment) => segments[segment].name).join(" and ")} join`,
      `ridge ${ridgeText(k)}`,
    ];
  };

  const kinkOf = ([b, c]) => -c / b;

  const unitLines = (segment, k, j) => {
    const { faces, signs, units: counts } = segments[segment];
    const sample = sampleAt(segment, k);
    const many = counts?.[j] > 1 ? `, ${counts[j]} units` : "";
    return [
      `face ${faces[j]}, ${signed(signs[j])}${many}`,
      `sum of a²: ${numberText(sample.squares[j], sample.sizes[j] ** 2)}`,
      sample.kinks ? `kink: ${numberText(sample.kinks[j], kinkOf(sample.vectors[j]))}`
        : `direction: (${sample.directions[j].join(", ")})`,
    ];
  };

  const outerLines = (sample) => [
    ...(sample.linear ? [`beta: ${sample.linear.join(", ")}`] : []),
    ...(sample.bias === null ? [] : [`m: ${numberText(sample.bias, sample.level)}`]),
  ];

  const headline = (segment, k) =>
    [segments[segment].name, kind(segment), rank(sampleAt(segment, k))].filter(Boolean).join(", ");

  const named = (numbers) =>
    [...new Set(numbers.map((segment) => segments[segment].name))].join(", ");

  /** What happens to several minima of an exact path, by their names. */
  const changeOfSides = ({ kind: what, sides: { before, at, after } }) => {
    const [earlier, later] = [named(before), named(after)];
    if (earlier && later && earlier !== later) return `${what}: ${earlier} → ${later}`;
    return earlier || later ? `${what} (${earlier || later})` : `${what}: ${named(at)}`;
  };

  const changeName = (change) => {
    if (change.sides) return changeOfSides(change);
    const { kind: what, before, after } = change;
    const name = segments[before ?? after].name;
    return before === null || after === null ? `${name} ${what}` : `${what} (${name})`;
  };

  const changeText = (change) => {
    if (change.sides) return changeOfSides(change);
    const faces = [change.before, change.after].filter((segment) => segment !== null);
    return `${changeName(change)}: ${faces.map(supportText).join(" → ")}`;
  };

  const polynomialText = (coefficients) =>
    coefficients
      .map((coefficient, power) => ({ coefficient: String(coefficient), power }))
      .filter(({ coefficient }) => coefficient !== "0")
      .reverse()
      .map(({ coefficient, power }, place) => {
        const negative = coefficient.startsWith("-");
        const size = negative ? coefficient.slice(1) : coefficient;
        const letter = power === 0 ? "" : power === 1 ? "λ" : `λ^${power}`;
        const factor = size === "1" && letter ? "" : size;
        const sign = place === 0 ? (negative ? "−" : "") : negative ? " − " : " + ";
        return `${sign}${factor}${factor && letter ? " " : ""}${letter}`;
      })
      .join("");

  const degreeText = ({ polynomial }) => `a root of a polynomial of degree ${polynomial.length - 1}`;

  const eventLines = (j) => {
    const { low, high, changes, number } = events[j];
    return [
      ...changes.map(changeText),
      ...(number ? [`at ${number.decimal}`, degreeText(number)] : []),
      ...(low === high ? [`at the ridge ${ridgeText(low)}`]
        : [`between ${ridgeText(low)}`, `and ${ridgeText(high)}`]),
    ];
  };

  /** The exact texts behind a mark: [what, ...where]. */
  const describe = ([what, ...where]) => {
    if (what === "event") return [`event ${where[0] + 1}`, ...eventLines(where[0])];
    if (what === "datum") {
      const [i] = where;
      const weight = problem.weights ? [`weight ${problem.weights[i]}`] : [];
      return [`data point ${i + 1}`, `x = ${problem.x[i].join(", ")}`, `y = ${problem.y[i]}`, ...weight];
    }
    if (what === "undecided") {
      const [k] = where;
      return [`${ridges[k].undecided} undecided supports`, `ridge ${ridgeText(k)}`];
    }
    if (what === "death" || what === "kink") return passLines(...where, what);
    const [segment, k, j] = where;
    const sample = sampleAt(segment, k);
    if (what === "fit") {
      return [headline(segment, k), `loss: ${lossText(sample)}`, ...describe(["datum", j])];
    }
    const faces = what === "unit" ? [j] : segments[segment].faces.map((_, index) => index);
    return [
      headline(segment, k),
      `loss: ${lossText(sample)}`,
      ...basinLines(segment, k),
      ...faces.flatMap((face) => unitLines(segment, k, face)),
      ...(segments[segment].dead ?? []),
      ...outerLines(sample),
      `ridge ${ridgeText(k)}`,
    ];
  };

  // ------------------------------------------------------------------------------ styles

  let palette = {};
  const readPalette = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    palette = Object.fromEntries(
      ["card", "ink", "muted", "line", "edge", "grid", "band"].map((name) => [name, colour(name)]),
    );
    palette.families = [0, 1, 2, 3, 4, 5, 6].map((index) => colour(`c${index}`));
  };
  const colourOf = (segment) => palette.families[segments[segment].family % 7];
  const dashOf = (segment) => (segments[segment].isolated ? "solid" : "dash");
  const isChosen = (segment) => segment === chosen();
  const isFamily = (segment) => segments[segment].family === segments[chosen()]?.family;

  const symbolOf = (segment, k) => {
    if (sampleAt(segment, k).everywhere) return segments[segment].isolated ? "star" : "star-open";
    return segments[segment].isolated ? "circle" : "diamond-open";
  };
  const unitSymbol = (segment, j) =>
    (segments[segment].signs[j] > 0 ? "triangle-up" : "triangle-down") +
    (segments[segment].isolated ? "" : "-open");

  const axis = (settings) => ({
    fixedrange: true,
    zeroline: false,
    gridcolor: palette.grid,
    linecolor: palette.edge,
    tickcolor: palette.edge,
    showline: true,
    ticks: "outside",
    automargin: true,
    nticks: 6,
    ...settings,
  });

  const layout = (settings) => ({
    autosize: true,
    showlegend: false,
    hovermode: "closest",
    hoverdistance: 24,
    dragmode: false,
    margin: { l: 56, r: 14, t: 10, b: 48 },
    paper_bgcolor: palette.card,
    plot_bgcolor: palette.card,
    font: { family: "system-ui, 'DejaVu Sans', sans-serif", size: 14, color: palette.ink },
    ...settings,
  });

  const CONFIGURATION = { displayModeBar: false, responsive: true, doubleClick: false };

  const padded = (numbers, share) => {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    const margin = share * (most - least || Math.abs(most) || 1);
    return [least - margin, most + margin];
  };

  const heights = [
    ...segments.flatMap((segment) => segment.samples.map((sample) => sample.height)),
    ...trees.flatMap((tree) => (tree?.merges ?? []).map(({ loss }) => Number(loss))),
  ];
  const lossRange = padded(heights.length ? heights : [0, 1], 0.07);

  /** Marks with the letters of their minima, as one trace: the cost of drawing is by trace. */
  const marks = (points) => {
    const all = (value) => points.map(value);
    const strong = ({ segment }) => isChosen(segment);
    return {
      name: "marks",
      x: all(({ x }) => x),
      y: all(({ y }) => y),
      mode: "markers+text",
      text: all(({ segment }) => segments[segment].name),
      textposition: all(({ corner }) => corner ?? "top center"),
      textfont: {
        size: all((point) => (strong(point) ? 18 : 14)),
        color: all((point) => (strong(point) ? palette.ink : colourOf(point.segment))),
        weight: all((point) => (strong(point) ? 700 : 400)),
      },
      marker: {
        symbol: all(({ segment, symbol }) => symbol ?? symbolOf(segment, state.k)),
        size: all((point) => (strong(point) ? 16 : 10)),
        color: all(({ segment }) => colourOf(segment)),
        opacity: all((point) => (strong(point) ? 1 : 0.75)),
        line: {
          width: all((point) => (segments[point.segment].isolated ? 0 : strong(point) ? 3 : 2)),
          color: all(({ segment }) => colourOf(segment)),
        },
      },
      customdata: all(({ segment, j }) =>
        j === undefined ? ["minimum", segment, state.k] : ["unit", segment, state.k, j]),
      hoverinfo: "none",
    };
  };

  // ------------------------------------------------------------- loss against the ridge

  const ridgeAxis = () => {
    const [least, most] = [values[0], values[values.length - 1]];
    const margin = 0.03 * Math.log10(most / least);
    const steps = most / least > 30 ? [1] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power += 1) {
      ticks.push(...steps.map((step) => Number(`${step}e${power}`)));
    }
    const inside = ticks.filter((tick) => tick >= least * 0.999 && tick <= most * 1.001);
    const enough = inside.length > 1 ? { tickvals: inside, ticktext: inside.map(String) } : {};
    return axis({
      type: "log",
      title: { text: "ridge λ" },
      range: [Math.log10(least) - margin, Math.log10(most) + margin],
      nticks: 5,
      tickformat: "~g",
      ...enough,
    });
  };

  const HEIGHTS = [["bottom", "top"], ["bottom", "middle", "top"]];

  const middle = ({ low, high }) => Math.sqrt(values[low] * values[high]);

  const lasting = segments.map((segment, index) => ({
    index,
    first: segment.first,
    last: segment.first + segment.samples.length - 1,
  }));
  const continued = new Set();
  const continuing = new Set();
  for (const { sides, before, after, lowest } of events.flatMap(({ changes }) => changes)) {
    const [earlier, later] = sides ? [sides.before, sides.after]
      : [before, after].map((segment) => (segment === null ? [] : [segment]));
    if (lowest || (earlier.length && later.length)) {
      for (const segment of earlier) continued.add(segment);
      for (const segment of later) continuing.add(segment);
    }
  }

  /** What is drawn of a segment: its curve up to its ends, or else its samples. */
  const curves = lasting.map(({ index, first, last }) => {
    const { curve, samples } = segments[index];
    if (!curve) {
      const offsets = samples.map((_, offset) => first + offset);
      return { x: values.slice(first, last + 1), y: samples.map(({ height }) => height), at: offsets };
    }
    const nearest = (x) => {
      let k = first;
      while (k < last && Math.abs(values[k + 1] - x) < Math.abs(values[k] - x)) k += 1;
      return k;
    };
    return { ...curve, at: curve.x.map(nearest) };
  });

  /** Samples of all segments that pass a test, with gaps between them. */
  const collected = (test) => {
    const found = { x: [], y: [] };
    curves.forEach(({ x, y, at }, index) => {
      found.x.push(...x);
      found.y.push(...y.map((height, place) => (test(sampleAt(index, at[place])) ? height : null)));
      found.x.push(null);
      found.y.push(null);
    });
    return found;
  };

  /** Where minima begin or end within the interval. */
  const ends = lasting.flatMap(({ index, first, last }) => {
    const { x, y, at } = curves[index];
    const end = (place) => ({ index, x: x.at(place), y: y.at(place), k: at.at(place) });
    const [start, stop] = segments[index].curve
      ? [x[0] > values[0], x.at(-1) < values.at(-1)]
      : [first > 0, last < ridges.length - 1];
    return [
      ...(start && !continuing.has(index) ? [end(0)] : []),
      ...(stop && !continued.has(index) ? [end(-1)] : []),
    ];
  });

  const drawDiagram = () => {
    const lines = curves.map(({ x, y, at }, index) => ({
      x,
      y,
      mode: x.length > 1 || !segments[index].curve ? "lines" : "markers",
      marker: { size: 6, color: colourOf(index) },
      line: { color: colourOf(index), dash: dashOf(index), width: isFamily(index) ? 4 : 1.6 },
      opacity: isFamily(index) ? 1 : 0.75,
      customdata: at.map((k) => ["minimum", index, k]),
      hoverinfo: "none",
    }));
    const side = state.k > 0 && state.k === ridges.length - 1 ? "left" : "right";
    const undecided = ridges.map((_, k) => k).filter((k) => ridges[k].undecided > 0);
    const traces = [
      {
        ...collected((sample) => sample.everywhere),
        mode: "lines",
        line: { color: palette.band, width: 13 },
        hoverinfo: "skip",
      },
      ...lines,
      {
        x: ends.map(({ x }) => x),
        y: ends.map(({ y }) => y),
        mode: "markers",
        marker: {
          symbol: "circle",
          size: 7,
          color: palette.card,
          line: { width: 1.6, color: ends.map(({ index }) => colourOf(index)) },
        },
        customdata: ends.map(({ index, k }) => ["minimum", index, k]),
        hoverinfo: "none",
      },
      marks(sideBySide(present[state.k]).map(({ segment, slot, slots }) => ({
        segment,
        x: values[state.k],
        y: sampleAt(segment, state.k).height,
        corner: `${slots === 1 ? "middle" : HEIGHTS[slots - 2][slot]} ${side}`,
      }))),
      {
        x: events.map(middle),
        y: events.map(() => 0.025),
        yaxis: "y2",
        mode: "markers",
        marker: { symbol: "triangle-up", size: 12, color: palette.muted },
        customdata: events.map((_, j) => ["event", j]),
        hoverinfo: "none",
      },
      {
        x: undecided.map((k) => values[k]),
        y: undecided.map(() => 0.97),
        yaxis: "y2",
        mode: "markers",
        name: "undecided",
        marker: { symbol: "x", size: 12, color: palette.families[1] },
        customdata: undecided.map((k) => ["undecided", k]),
        hoverinfo: "none",
      },
    ];
    const vertical = (x, line) => ({
      type: "line", yref: "paper", layer: "below", x0: x, x1: x, y0: 0, y1: 1, line,
    });
    return Plotly.react("diagram", traces, layout({
      xaxis: ridgeAxis(),
      yaxis: axis({ title: { text: "loss" }, range: lossRange }),
      yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
      shapes: [
        ...events.map((event) => vertical(middle(event), { color: palette.edge, width: 1, dash: "dot" })),
        vertical(values[state.k], { color: palette.ink, width: 2 }),
      ],
    }), CONFIGURATION);
  };

  // ------------------------------------------------------------------------ loss levels

  const sizes = [...new Set(segments.map((segment) => segment.faces.length))].sort((a, b) => a - b);

  /** Levels too close for their letters stand side by side, by threes. */
  const sideBySide = (group) => {
    const near = 0.08 * (lossRange[1] - lossRange[0]);
    const clusters = [];
    for (const segment of group) {
      const last = clusters.at(-1);
      const height = (other) => sampleAt(other, state.k).height;
      if (last && height(segment) - height(last.at(-1)) < near) last.push(segment);
      else clusters.push([segment]);
    }
    return clusters.flatMap((cluster) => {
      const slots = Math.min(cluster.length, 3);
      return cluster.map((segment, place) => ({ segment, slot: place % slots, slots }));
    });
  };

  const drawLevels = () => {
    const places = sizes.flatMap((size, column) => {
      const group = present[state.k].filter((segment) => segments[segment].faces.length === size);
      return sideBySide(group).map(({ segment, slot, slots }) => ({
        segment,
        x: column + ((slot - (slots - 1) / 2) / slots) * 0.84,
        y: sampleAt(segment, state.k).height,
        half: 0.38 / slots,
      }));
    });
    const lines = places.map(({ segment, x, y, half }) => ({
      x: [x - half, x + half],
      y: [y, y],
      mode: "lines",
      line: { color: colourOf(segment), dash: dashOf(segment), width: isChosen(segment) ? 5 : 2 },
      customdata: [0, 1].map(() => ["minimum", segment, state.k]),
      hoverinfo: "none",
    }));
    const name = (size) => (size === 0 ? "zero" : size === 1 ? "1 face" : `${size} faces`);
    return Plotly.react("levels", [...lines, marks(places)], layout({
      xaxis: axis({
        range: [-0.6, sizes.length - 0.4],
        tickvals: sizes.map((_, column) => column),
        ticktext: sizes.map(name),
        title: { text: "faces that carry units" },
        showgrid: false,
      }),
      yaxis: axis({ title: { text: "loss" }, range: lossRange }),
    }), CONFIGURATION);
  };

  // ------------------------------------------------------------------------------ basins

  const depthText = ({ depth }, { length }) => {
    if (length > 9) return "";
    return depth === null ? "∞" : String(Number(Number(depth).toPrecision(3)));
  };

  const drawTree = () => {
    const tree = trees[state.k];
    const { branches, merges, marks: spots } = tree ?? { branches: [], merges: [], marks: [] };
    const height = (segment) => sampleAt(segment, state.k).height;
    const joints = merges.map(({ loss, span }) => ({
      x: span,
      y: [Number(loss), Number(loss)],
      mode: "lines",
      line: { color: palette.muted, width: 1.4 },
      hoverinfo: "skip",
    }));
    const stems = branches.map(({ x, segments: inside, top }) => ({
      name: "branch",
      x: [x, x],
      y: [height(inside[0]), top ?? lossRange[1]],
      mode: "lines",
      line: { color: colourOf(inside[0]), width: inside.some(isChosen) ? 6 : top === null ? 4 : 2 },
      customdata: [0, 1].map(() => ["minimum", inside[0], state.k]),
      hoverinfo: "none",
    }));
    const leaves = branches.flatMap(({ x, segments: inside }) =>
      inside.map((segment, place) => ({
        segment,
        x: x + 0.22 * (place - (inside.length - 1) / 2),
        y: height(segment),
        corner: "bottom center",
      })));
    const sets = spots.filter(({ what }) => what === "set").map(({ number, x, y }) => ({
      segment: number, x, y, corner: "middle right",
    }));
    const passes = spots.filter(({ what }) => what !== "set");
    const crosses = {
      name: "passes",
      x: passes.map(({ x }) => x),
      y: passes.map(({ y }) => y),
      mode: "markers",
      marker: {
        symbol: passes.map(({ what }) => (what === "death" ? "x-thin" : "triangle-up-open")),
        size: passes.map(({ what }) => (what === "death" ? 8 : 11)),
        color: palette.ink,
        line: { width: 2, color: palette.ink },
      },
      customdata: passes.map(({ what, number }) => [what, state.k, number]),
      hoverinfo: "none",
    };
    const last = branches.length ? branches.at(-1).x : 0;
    const nothing = tree ? [] : [{
      text: "no tree at this ridge", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5,
    }];
    return Plotly.react("tree", [...joints, ...stems, marks([...sets, ...leaves]), crosses], layout({
      xaxis: axis({
        range: [-0.6, last + 0.8],
        tickvals: branches.map(({ x }) => x),
        ticktext: branches.map(({ segments: [segment] }) => depthText(tree.facts[segment], branches)),
        title: { text: "depth of each basin" },
        showgrid: false,
      }),
      yaxis: axis({ title: { text: "loss" }, range: lossRange }),
      annotations: nothing,
    }), CONFIGURATION);
  };

  /** A line through levels and tree at the loss of the minimum under the pointer. */
  const point = (segment) => {
    const shapes = segment === undefined ? [] : [{
      type: "line", xref: "paper", x0: 0, x1: 1, line: { color: colourOf(segment), width: 2, dash: "dot" },
      y0: sampleAt(segment, state.k).height, y1: sampleAt(segment, state.k).height,
    }];
    for (const id of ["levels", "tree"]) Plotly.relayout(id, { shapes });
  };

  // ----------------------------------------------------------------------- hidden units

  /** Half the height of the panel of units: it changes by steps, so that units are seen to move. */
  const STEADY = 1.6;
  const reachAt = (k) => {
    const longest = Math.max(0.1, ...present[k].flatMap((segment) => sampleAt(segment, k).sizes));
    return STEADY ** Math.ceil(Math.log(1.15 * longest) / Math.log(STEADY));
  };
  const CORNERS = ["top right", "top left", "bottom right", "bottom left"];

  /** All units at this ridge, as points that `marks` draws; letters avoid each other. */
  const units = (place, reach) => {
    const points = ordered().flatMap((segment) =>
      segments[segment].faces.map((_, j) => ({
        segment, j, symbol: unitSymbol(segment, j), ...place(segment, j),
      })),
    );
    const near = (one, other) => Math.hypot(one.x - other.x, one.y - other.y) < 0.12 * reach;
    return points.map((point, index) => ({
      ...point,
      corner: CORNERS[points.slice(0, index).filter((other) => near(point, other)).length % 4],
    }));
  };

  const drawPlane = () => {
    const reach = reachAt(state.k);
    const walls = problem.inputs.map(([x], i) => {
      const length = (6 * reach) / Math.hypot(1, x); // beyond the edges of a wide panel
      const steps = Array.from({ length: 121 }, (_, step) => (step - 60) / 60);
      return {
        x: steps.map((step) => step * length),
        y: steps.map((step) => -x * step * length),
        mode: "lines",
        line: { color: palette.edge, width: 1 },
        customdata: steps.map(() => ["datum", i]),
        hoverinfo: "none",
      };
    });
    const rays = ordered().map((segment) => {
      const { vectors } = sampleAt(segment, state.k);
      return {
        x: vectors.flatMap(([b]) => [0, b, null]),
        y: vectors.flatMap(([, c]) => [0, c, null]),
        mode: "lines",
        line: { color: colourOf(segment), dash: dashOf(segment), width: isChosen(segment) ? 3.5 : 1.5 },
        opacity: isChosen(segment) ? 1 : 0.75,
        hoverinfo: "skip",
      };
    });
    const ends = units((segment, j) => {
      const [x, y] = sampleAt(segment, state.k).vectors[j];
      return { x, y };
    }, reach);
    return Plotly.react("units", [...walls, ...rays, marks(ends)], layout({
      xaxis: axis({ title: { text: "b" }, range: [-reach, reach], showgrid: false }),
      yaxis: axis({ title: { text: "c" }, range: [-reach, reach], scaleanchor: "x", showgrid: false }),
    }), CONFIGURATION);
  };

  /** Each unit at its kink, as high as the slope changes there; in a gap, a line across it. */
  const drawKinks = () => {
    const abscissas = problem.inputs.map(([x]) => x);
    const kinks = present.flatMap((group, k) =>
      group.flatMap((segment) => sampleAt(segment, k).vectors.map(kinkOf)));
    const range = padded([...abscissas, ...kinks], 0.08);
    const reach = Math.max(0.1, ...present[state.k].flatMap((segment) =>
      sampleAt(segment, state.k).sizes)) ** 2;
    const top = STEADY ** Math.ceil(Math.log(1.2 * reach) / Math.log(STEADY));
    const slope = (segment, j) => segments[segment].signs[j] * sampleAt(segment, state.k).sizes[j] ** 2;
    const walls = problem.inputs.map(([x], i) => ({
      x: [x, x],
      y: [-top, top],
      mode: "lines",
      line: { color: palette.edge, width: 1 },
      customdata: [0, 1].map(() => ["datum", i]),
      hoverinfo: "none",
    }));
    const bars = ordered().map((segment) => {
      const { gaps, faces } = segments[segment];
      return {
        x: faces.flatMap((_, j) => [gaps[j][0], gaps[j].at(-1), null]),
        y: faces.flatMap((_, j) => [slope(segment, j), slope(segment, j), null]),
        mode: "lines",
        line: { color: colourOf(segment), dash: dashOf(segment), width: isChosen(segment) ? 3.5 : 1.5 },
        opacity: isChosen(segment) ? 1 : 0.75,
        hoverinfo: "skip",
      };
    });
    const ends = units((segment, j) => ({
      x: kinkOf(sampleAt(segment, state.k).vectors[j]), y: slope(segment, j),
    }), top);
    return Plotly.react("units", [...walls, ...bars, marks(ends)], layout({
      xaxis: axis({ title: { text: "kink x = −c / b" }, range }),
      yaxis: axis({
        title: { text: "change of slope, ± sum of a²" }, range: [-top, top], zeroline: true, zerolinecolor: palette.line,
      }),
    }), CONFIGURATION);
  };

  const drawWeights = () => {
    const reach = reachAt(state.k);
    const names = [...problem.inputs[0].map((_, i) => `b${i + 1}`), "c", "a"];
    const output = (segment, j) => segments[segment].signs[j] * sampleAt(segment, state.k).sizes[j];
    const lines = ordered().flatMap((segment) =>
      sampleAt(segment, state.k).vectors.map((vector, j) => ({
        x: names.map((_, place) => place),
        y: [...vector, output(segment, j)],
        mode: "lines+markers",
        line: { color: colourOf(segment), dash: dashOf(segment), width: isChosen(segment) ? 3.5 : 1.2 },
        marker: { symbol: unitSymbol(segment, j), size: isChosen(segment) ? 12 : 7, color: colourOf(segment) },
        opacity: isChosen(segment) ? 1 : 0.75,
        customdata: names.map(() => ["unit", segment, state.k, j]),
        hoverinfo: "none",
      })),
    );
    const ends = units((segment, j) => ({ x: names.length - 1, y: output(segment, j) }), reach);
    return Plotly.react("units", [...lines, marks(ends)], layout({
      xaxis: axis({ tickvals: names.map((_, place) => place), ticktext: names, range: [-0.3, names.length - 0.6] }),
      yaxis: axis({ title: { text: "weight" }, range: [-reach, reach], zeroline: true, zerolinecolor: palette.line }),
    }), CONFIGURATION);
  };

  // ------------------------------------------------------------------------------- fits

  const drawFits = () => {
    const abscissas = problem.inputs.map(([x]) => x);
    const [left, right] = padded(abscissas, 0.2);
    const curve = (segment) => {
      const sample = sampleAt(segment, state.k);
      const kinks = sample.vectors.map(([b, c]) => -c / b).filter((x) => x > left && x < right);
      const steps = Array.from({ length: 61 }, (_, step) => left + (step / 60) * (right - left));
      const x = [...steps, ...kinks].sort((one, other) => one - other);
      return {
        x,
        y: x.map((entry) => predict(sample, segments[segment].signs, [entry])),
        mode: "lines",
        line: { color: colourOf(segment), dash: dashOf(segment), width: isChosen(segment) ? 4.5 : 1.3 },
        opacity: isChosen(segment) ? 1 : 0.75,
        customdata: x.map(() => ["minimum", segment, state.k]),
        hoverinfo: "none",
      };
    };
    const segment = chosen();
    const residuals = segment === undefined ? [] : problem.inputs.map((input, i) => ({
      x: [input[0], input[0]],
      y: [problem.targets[i], predict(sampleAt(segment, state.k), segments[segment].signs, input)],
      mode: "lines",
      line: { color: palette.muted, width: 1.5, dash: "dot" },
      hoverinfo: "skip",
    }));
    return Plotly.react("fits", [...residuals, ...ordered().map(curve), {
      x: abscissas,
      y: problem.targets,
      mode: "markers",
      marker: { symbol: "square", size: 10, color: palette.ink },
      customdata: problem.inputs.map((_, i) => ["datum", i]),
      hoverinfo: "none",
    }], layout({
      xaxis: axis({ title: { text: "x" }, range: [left, right] }),
      yaxis: axis({ title: { text: "y" }, range: padded(problem.targets, 0.25) }),
    }), CONFIGURATION);
  };

  const drawPredictions = () => {
    const range = padded(problem.targets, 0.15);
    const traces = ordered().map((segment) => ({
      x: problem.targets,
      y: problem.inputs.map((input) =>
        predict(sampleAt(segment, state.k), segments[segment].signs, input)),
      mode: "markers",
      marker: {
        symbol: symbolOf(segment, state.k),
        size: isChosen(segment) ? 14 : 7,
        color: colourOf(segment),
        line: { width: segments[segment].isolated ? 0 : 2, color: colourOf(segment) },
      },
      opacity: isChosen(segment) ? 1 : 0.75,
      customdata: problem.targets.map((_, i) => ["fit", segment, state.k, i]),
      hoverinfo: "none",
    }));
    const diagonal = {
      x: range, y: range, mode: "lines", line: { color: palette.muted, width: 1.5, dash: "dot" }, hoverinfo: "skip",
    };
    return Plotly.react("fits", [diagonal, ...traces], layout({
      xaxis: axis({ title: { text: "observed y" }, range }),
      yaxis: axis({ title: { text: "fitted" }, range }),
    }), CONFIGURATION);
  };

  // ----------------------------------------------------------------------------- tables

  const made = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  };

  /** Words that break only where they are longer than a line, whatever hyphens are in them. */
  const words = (text) => {
    const node = made("div");
    for (const word of text.split(" ")) node.append(made("span", word, "word"), " ");
    return node;
  };

  const filled = (tag, children) => {
    const node = made(tag);
    node.append(...children);
    return node;
  };

  /** The algebraic number behind an event, its polynomial folded away where it is long. */
  const exactNodes = ({ number, reason }) => {
    if (!number) return reason ? [made("div", `no number: ${reason}`, "quiet")] : [];
    const text = polynomialText(number.polynomial);
    const polynomial = made("div", `a root of ${text}`, "exact quiet");
    const folded = filled("details", [made("summary", degreeText(number)), polynomial]);
    return [made("div", number.decimal, "exact"), text.length > 80 ? folded : polynomial];
  };

  const changeNodes = (change, event) => [
    words(changeText(change)),
    ...(change.number?.condition ? [words(`as ${change.number.condition}`)] : []),
    ...(event.number ? [] : exactNodes(change)),
  ];

  const rowButton = (text, label, action) => {
    const button = made("button", text);
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", action);
    return button;
  };

  let followed = false; // whether the focus goes to the chosen row
  const writeMinima = () => {
    const focused = followed ? segments[chosen()].family : document.activeElement?.dataset?.family;
    followed = false;
    const rows = present[state.k].map((segment) => {
      const { name, family, faces } = segments[segment];
      const sample = sampleAt(segment, state.k);
      const button = rowButton(name, `Show minimum ${name}`, () => choose(family));
      button.dataset.family = family;
      button.setAttribute("aria-pressed", String(isChosen(segment)));
      const support = faces.map((_, j) =>
        filled("div", unitLines(segment, state.k, j).map((line, place) =>
          made("div", line, place ? "exact quiet" : "exact"))));
      for (const line of [...(segments[segment].dead ?? []), ...outerLines(sample)]) {
        support.push(made("div", line, "exact quiet"));
      }
      const row = filled("tr", [
        filled("td", [button, made("span", name, "printed")]),
        made("td", lossText(sample), "exact loss"),
        filled("td", [
          made("div", kind(segment)),
          made("div", rank(sample)),
          ...basinLines(segment, state.k).map((line) => made("div", line, "quiet")),
        ]),
        filled("td", support.length ? support : [made("div", "zero network")]),
      ]);
      if (isChosen(segment)) row.className = "chosen";
      return row;
    });
    element("minima").tBodies[0].replaceChildren(...rows);
    if (focused !== undefined) document.querySelector(`[data-family="${Number(focused)}"]`)?.focus();
  };

  const writeEvents = () => {
    const rows = events.map((event, j) => {
      const { low, high, changes } = event;
      return filled("tr", [
        filled("td", [
          rowButton(String(j + 1), `Go to event ${j + 1}`, () => go(high)),
          made("span", String(j + 1), "printed"),
        ]),
        filled("td", [
          ...(event.number ? exactNodes(event) : []),
          ...(low === high ? [made("div", ridgeText(low), "exact")] : [
            made("div", `${ridges[low].decimal} to ${ridges[high].decimal}`, "exact"),
            made("div", `${ridges[low].text} to ${ridges[high].text}`, "exact quiet"),
          ]),
        ]),
        filled("td", changes.flatMap((change) => changeNodes(change, event))),
      ]);
    });
    if (!rows.length) {
      const cell = made("td", "The list of minima is the same at all ridges.");
      cell.colSpan = 3;
      rows.push(filled("tr", [cell]));
    }
    element("events").tBodies[0].replaceChildren(...rows);
  };

  // --------------------------------------------------------------------------- controls

  const slider = element("ridge");
  const chooser = element("minimum");

  const placeText = () => {
    const { undecided } = ridges[state.k];
    const doubt = undecided ? `${undecided} undecided supports at this ridge. ` : "";
    const after = events.findIndex(({ high }) => high === state.k);
    const before = events.findIndex(({ low }) => low === state.k);
    const passed = events.filter(({ high }) => high <= state.k).length;
    const changes = (j) => events[j].changes.map(changeName).join(", ");
    if (before >= 0 && before === after) return `At event ${before + 1}: ${changes(before)}`;
    if (before >= 0) return `${doubt}Just before event ${before + 1}: ${changes(before)}`;
    if (after >= 0) return `${doubt}Just after event ${after + 1}: ${changes(after)}`;
    return `${doubt}${passed} of ${events.length} events passed`;
  };

  const summaryText = () => {
    const here = present[state.k];
    const isolated = here.filter((segment) => segments[segment].isolated).length;
    const segment = chosen();
    const strays = segment !== undefined && segments[segment].family !== state.family
      ? " The one chosen before does not exist here." : "";
    const { length } = here;
    const counts = `${length} ${length === 1 ? "minimum" : "minima"}: ${isolated} isolated, ${length - isolated} connected.`;
    const picked = segment === undefined ? "" :
      ` Shown: ${headline(segment, state.k)}, loss ${short(sampleAt(segment, state.k))}.`;
    return `Ridge ${ridges[state.k].decimal}. ${counts}${picked}${strays}`;
  };

  const writeControls = () => {
    const { text, relation, decimal } = ridges[state.k];
    slider.value = state.k;
    slider.setAttribute("aria-valuetext", `ridge ${ridgeText(state.k)}, ${state.k + 1} of ${ridges.length}`);
    element("shown").replaceChildren(made("b", decimal), made("span", ` ${relation} ${text}`));
    element("place").textContent = placeText();
    element("previous").disabled = !events.some(({ low }) => low < state.k);
    element("next").disabled = !events.some(({ high }) => high > state.k);
    chooser.replaceChildren(...present[state.k].map((segment) => {
      const sample = sampleAt(segment, state.k);
      const words = [short(sample), kind(segment), rank(sample)].filter(Boolean).join(", ");
      const option = made("option", `${segments[segment].name}: ${words}`);
      option.value = segments[segment].family;
      option.selected = isChosen(segment);
      return option;
    }));
  };

  let announcement;
  const announce = () => {
    clearTimeout(announcement);
    announcement = setTimeout(() => { element("summary").textContent = summaryText(); }, 400);
  };

  const treeText = () => {
    const tree = trees[state.k];
    if (!tree) return "Disconnectivity graph: none at this ridge";
    const joins = Object.entries(tree.facts)
      .filter(([, { depth, basin }]) => basin && depth !== null)
      .map(([segment, { joins: lower, barrier, event }]) =>
        `${segments[segment].name} joins ${segments[lower].name} at ${shortText(barrier)} (${EVENTS[event]})`);
    const text = joins.length ? joins.join("; ") : "all basins are of least loss";
    const { length } = tree.branches;
    return `Disconnectivity graph of ${length} basin${length === 1 ? "" : "s"}: ${text}`;
  };

  const labels = () => {
    const segment = chosen();
    const picked = segment === undefined ? "none" : segments[segment].name;
    element("diagram").setAttribute("aria-label",
      `Loss of ${segments.length} branches against the ridge, with ${events.length} events; chosen: ${picked}`);
    element("levels").setAttribute("aria-label",
      `Losses of the ${present[state.k].length} minima at this ridge; chosen: ${picked}`);
    if (planted) element("tree").setAttribute("aria-label", treeText());
    element("units").setAttribute("aria-label", `Hidden units of the minima; chosen: ${picked}. The table has the numbers.`);
    element("fits").setAttribute("aria-label", `Data, and the fit of the minimum ${picked}`);
  };

  const draw = () => {
    drawDiagram();
    drawLevels();
    if (planted) drawTree();
    if (dimension === 1) {
      (problem.bent ? drawKinks : drawPlane)();
      drawFits();
    } else {
      drawWeights();
      drawPredictions();
    }
    writeControls();
    writeMinima();
    labels();
    announce();
    document.body.dataset.ridge = ridges[state.k].text;
    document.body.dataset.chosen = chosen() === undefined ? "" : segments[chosen()].name;
  };

  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };

  const go = (k) => {
    state.k = Math.min(Math.max(k, 0), ridges.length - 1);
    redraw();
  };
  const choose = (family) => {
    state.family = family;
    redraw();
  };
  /** Choose the minimum that is so many places above the chosen one, by loss. */
  const step = (places) => {
    const here = present[state.k];
    const place = here.indexOf(chosen()) + places;
    if (place >= 0 && place < here.length) choose(segments[here[place]].family);
  };
  const nextEvent = () => {
    const found = events.find(({ high }) => high > state.k);
    if (found) go(found.high);
  };
  const previousEvent = () => {
    const found = events.findLast(({ low }) => low < state.k);
    if (found) go(found.low);
  };

  let playing;
  const stop = () => {
    clearInterval(playing);
    playing = undefined;
    element("play").textContent = "play";
    element("play").setAttribute("aria-pressed", "false");
  };
  const play = () => {
    if (calm.matches) return;
    if (state.k === ridges.length - 1) go(0);
    element("play").textContent = "stop";
    element("play").setAttribute("aria-pressed", "true");
    playing = setInterval(() => {
      if (state.k === ridges.length - 1) stop();
      else go(state.k + 1);
    }, STEP);
  };
  calm.addEventListener("change", stop);

  const stopped = (action) => () => {
    stop();
    action();
  };
  slider.addEventListener("input", stopped(() => go(Number(slider.value))));
  chooser.addEventListener("change", () => choose(Number(chooser.value)));
  element("previous").addEventListener("click", stopped(previousEvent));
  element("next").addEventListener("click", stopped(nextEvent));
  element("play").addEventListener("click", () => (playing === undefined ? play() : stop()));

  /** Arrow keys go through the minima in panels and in their table, and along the ridges in panels. */
  const arrows = (event) => {
    const panel = event.target.matches("main > figure");
    const rows = element("minima").contains(event.target);
    const up = { ArrowUp: panel ? 1 : -1, ArrowDown: panel ? -1 : 1 }[event.key];
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if ((panel || rows) && up) step(up);
    else if (panel && along) stopped(() => go(state.k + along))();
    else return;
    event.preventDefault();
    if (rows) followed = true;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") element("tip").hidden = true;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === chooser) return;
    arrows(event);
    if (["]", "n"].includes(event.key)) stopped(nextEvent)();
    if (["[", "p"].includes(event.key)) stopped(previousEvent)();
  });

  const writeTicks = () => {
    const tick = (k, name) => {
      const node = made("i", undefined, name);
      node.style.left = `${(100 * k) / Math.max(ridges.length - 1, 1)}%`;
      return node;
    };
    element("ticks").replaceChildren(
      ...events.map(({ low, high }) => tick((low + high) / 2, "")),
      ...ridges.flatMap(({ undecided }, k) => (undecided ? [tick(k, "undecided")] : [])),
    );
  };

  // --------------------------------------------------------------------- hover and click

  const showTip = ({ points, event }) => {
    const tip = element("tip");
    tip.textContent = describe(points[0].customdata).join("\n");
    tip.hidden = false;
    const { clientX = 0, clientY = 0 } = event.touches?.[0] ?? event;
    const { offsetWidth, offsetHeight } = tip;
    const left = Math.min(clientX + 16, window.innerWidth - offsetWidth - 8);
    const above = clientY - offsetHeight - 16;
    const below = Math.min(clientY + 18, window.innerHeight - offsetHeight - 8);
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${above > 8 ? above : Math.max(below, 8)}px`;
    const [what, segment, k] = points[0].customdata;
    if (planted && what === "minimum" && k === state.k) point(segment);
  };

  const react = ({ points }) => {
    const [what, first, k] = points[0].customdata;
    if (what === "event") go(events[first].high);
    if (what === "undecided") go(first);
    if (["minimum", "unit", "fit"].includes(what)) {
      state.family = segments[first].family;
      go(k);
    }
  };

  readPalette();
  writeTicks();
  writeEvents();
  draw();
  for (const id of ["diagram", "levels", ...(planted ? ["tree"] : []), "units", "fits"]) {
    element(id).on("plotly_hover", showTip);
    element(id).on("plotly_unhover", () => {
      element("tip").hidden = true;
      if (planted) point(undefined);
    });
    element(id).on("plotly_click", react);
  }
  document.addEventListener("scroll", () => { element("tip").hidden = true; }, { passive: true });
  /** On paper everything is drawn in the light colours, at once. */
  const onPaper = (printed) => () => {
    document.documentElement.toggleAttribute("data-printed", printed);
    readPalette();
    draw();
  };
  window.addEventListener("beforeprint", onPaper(true));
  window.addEventListener("afterprint", onPaper(false));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readPalette();
    redraw();
  });
})();
