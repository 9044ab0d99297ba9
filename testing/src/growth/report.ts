import { exponentOf } from "./cost.ts"
import type { Cost, Curve } from "./cost.ts"
import type { SizeReport } from "./measure.ts"
import { draw } from "./picture.ts"

/** What is shown: one table and one picture for each number of a cost. */
const VIEWS: readonly {
  readonly key: keyof Cost
  readonly file: string
  readonly title: string
  readonly unit: string
}[] = [
  { key: "authorMs", file: "author-cpu.svg", title: "Processor time of whoever does it", unit: "ms" },
  { key: "receiverMs", file: "receiver-cpu.svg", title: "Processor time of everybody else", unit: "ms" },
  { key: "wireBytes", file: "wire.svg", title: "Bytes to each member", unit: "B" },
  { key: "authorDiskBytes", file: "author-disk.svg", title: "Bytes written by whoever does it", unit: "B" },
  { key: "receiverDiskBytes", file: "receiver-disk.svg", title: "Bytes written by everybody else", unit: "B" },
]

const INTRODUCTION = `# How the cost of each change grows with the group

Written by \`npm run growth\`: do not edit. Real members of \`@qpc/group\` with records as they are stored, suite 0x0001. Times are
processor time of one thread, medians of seven, so compare them with each other and not with another machine's. A group is
filled by one commit, then warmed as its members would ([growth of MLS groups](../mls/growth.md)), then everything is done in it.
The power says how a row grows from its first size to its last: 0 stays, 1 grows as the group does.
`

/** The report as Markdown, and its pictures by file name. */
export function writeReport(
  reports: readonly SizeReport[],
  machine: string,
): { readonly text: string; readonly pictures: ReadonlyMap<string, string> } {
  const curves = curvesOf(reports)
  const sizes = reports.map(({ size }) => size)
  const pictures = new Map(VIEWS.map(({ key, file, title, unit }) => [file, pictureOf(curves, key, title, unit)]))
  const sections = VIEWS.map(({ key, file, title, unit }) =>
    [`## ${title}, in ${unit}`, "", `![${title}](${file})`, "", ...table(curves, sizes, key)].join("\n"),
  )
  const text = [INTRODUCTION, machine, "", ...sections.flatMap((section) => [section, ""]), ...rest(reports, curves)]
  return { text: `${text.join("\n").trim()}\n`, pictures }
}

/** The same numbers by operation instead of by size. */
export function curvesOf(reports: readonly SizeReport[]): readonly Curve[] {
  const operations = [...new Set(reports.flatMap(({ costs }) => [...costs.keys()]))]
  return operations.map((operation) => ({
    operation,
    points: reports.flatMap(({ size, costs }) => {
      const cost = costs.get(operation)
      return cost === undefined ? [] : [{ size, cost }]
    }),
  }))
}

function pictureOf(curves: readonly Curve[], key: keyof Cost, title: string, unit: string): string {
  const lines = curves.map(({ operation, points }) => {
    return { name: operation, points: points.map(({ size, cost }) => ({ size, value: cost[key] })) }
  })
  return draw({ title, unit, lines })
}

function table(curves: readonly Curve[], sizes: readonly number[], key: keyof Cost): string[] {
  const rows = curves.map((curve) => {
    const cells = sizes.map((wanted) => {
      const point = curve.points.find(({ size }) => size === wanted)
      return point === undefined ? "" : shown(point.cost[key])
    })
    return [curve.operation, ...cells, exponentOf(curve, key)?.toFixed(2) ?? ""]
  })
  return asTable(["", ...sizes.map((size) => `${size} members`), "power"], rows)
}

function rest(reports: readonly SizeReport[], curves: readonly Curve[]): string[] {
  const invited = curves.filter(({ points }) => points.some(({ cost }) => cost.welcomeBytes > 0))
  const sizes = reports.map(({ size }) => size)
  const states = [["the state of one member", ...reports.map(({ stateBytes }) => shown(stateBytes)), ""]]
  return [
    "## Bytes of a Welcome",
    "",
    ...table(invited, sizes, "welcomeBytes"),
    "",
    "## Bytes on the disk of each member",
    "",
    ...asTable(["", ...sizes.map((size) => `${size} members`), ""], states),
  ]
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`

function asTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
}

/** Three digits: more would not be true. */
function shown(value: number): string {
  if (value === 0) return ""
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}
