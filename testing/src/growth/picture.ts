/** One line of a picture: a name, and a number for each size. */
interface Line {
  readonly name: string
  readonly points: readonly { readonly size: number; readonly value: number }[]
}

/** What a picture shows. Both axes are logarithmic: a straight line is a power of the size. */
export interface Picture {
  readonly title: string
  /** Of the numbers, for the axis. */
  readonly unit: string
  readonly lines: readonly Line[]
}

const WIDTH = 860
const HEIGHT = 420
const PLOT = { left: 70, right: 560, top: 48, bottom: 372 }
/** Distinct in light and in dark, also for those who do not tell red from green (Okabe and Ito). */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8a7b00", "#999999", "#b03060"]
const STYLE = `text{font:13px system-ui,sans-serif;fill:#1f2328}.grid{stroke:#d0d7de}.title{font-size:16px;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#444c56}}`

/** Draws curves over the size of a group, as SVG without scripts. */
export function draw({ title, unit, lines }: Picture): string {
  const shown = lines.map(({ name, points }) => ({ name, points: points.filter(({ value }) => value > 0) }))
  const all = shown.flatMap(({ points }) => points)
  const across = scale(decades(all.map(({ size }) => size)), PLOT.left, PLOT.right)
  const up = scale(decades(all.map(({ value }) => value)), PLOT.bottom, PLOT.top)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${PLOT.left}" y="26">${escaped(title)}</text>`,
    ...across.decades.map((power) => column(across.at(10 ** power), 10 ** power)),
    ...up.decades.map((power) => row(up.at(10 ** power), 10 ** power, unit)),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">members</text>`,
    ...shown.flatMap((line, at) => curve(line, COLOURS[at % COLOURS.length]!, at, across.at, up.at)),
    "</svg>",
    "",
  ].join("\n")
}

interface Scale {
  readonly decades: readonly number[]
  readonly at: (value: number) => number
}

/** Powers of ten from the last one below all values to the first one above. */
function decades(values: readonly number[]): readonly number[] {
  const least = Math.floor(Math.log10(Math.min(...values)))
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))))
  return Array.from({ length: most - least + 1 }, (_, at) => least + at)
}

function scale(powers: readonly number[], from: number, to: number): Scale {
  const [least, most] = [powers[0]!, powers.at(-1)!]
  return { decades: powers, at: (value) => round(from + ((to - from) * (Math.log10(value) - least)) / (most - least)) }
}

function column(x: number, size: number): string {
  return `<line class="grid" x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text x="${x}" y="${PLOT.bottom + 18}" text-anchor="middle">${label(size)}</text>`
}

function row(y: number, value: number, unit: string): string {
  return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/><text x="${PLOT.left - 8}" y="${y + 4}" text-anchor="end">${label(value)} ${unit}</text>`
}

function curve(
  { name, points }: Line,
  colour: string,
  at: number,
  x: (size: number) => number,
  y: (value: number) => number,
): string[] {
  const legendY = PLOT.top + 12 + at * 24
  const places = points.map(({ size, value }) => [x(size), y(value)] as const)
  return [
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.map((place) => place.join(",")).join(" ")}"/>`,
    ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`),
    `<line x1="${PLOT.right + 24}" x2="${PLOT.right + 48}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${colour}" stroke-width="3"/>`,
    `<text x="${PLOT.right + 56}" y="${legendY}">${escaped(name)}</text>`,
  ]
}

/** As people write it: 10k, not 10000. */
function label(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  if (value >= 1e3) return `${value / 1e3}k`
  return String(round(value, 3))
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
