import { readFile, writeFile } from "node:fs/promises"
import type { ImplementationId } from "./library.ts"
import { OPERATIONS } from "./operations.ts"
import { digits, judgementsOf, rowsOf } from "./report.ts"
import type { Report, ResultRow } from "./report.ts"
import type { Ratio } from "./ratios.ts"

const [BEGIN, END] = ["<!-- bench:mls begin -->", "<!-- bench:mls end -->"]
const COLUMNS: readonly ImplementationId[] = [
  "ours",
  "bound",
  "tsmls",
  "corecrypto",
  "openmls_native",
  "ours_chacha",
  "openmls_wasm",
  "openmls_native_chacha",
]
const MEGABYTE = 1_000_000

/** Puts a report between the markers of a file, in place of what is there. @throws Error where there are no markers */
export async function writeReadme(file: URL, report: Report): Promise<void> {
  const text = await readFile(file, "utf8")
  await writeFile(file, replaced(text, toMarkdown(report)))
}

/** The text with another content between the markers. @throws Error where there are no markers */
export function replaced(text: string, content: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} followed by ${END}`)
  return `${text.slice(0, begin + BEGIN.length)}\n\n${content}\n\n${text.slice(end)}`
}

/** The tables of a report. */
export function toMarkdown(report: Report): string {
  const { machine, primitives, made, implementations, absent } = report
  const { node, cpu, cores, platform } = machine
  const rows = rowsOf(made)
  const columns = COLUMNS.filter((id) => rows.some(({ implementation }) => implementation === id))
  const named = implementations.map(({ id, name, suiteId }) => `\`${id}\` is ${name}, suite ${suiteId}`).join("; ")
  const parts = [
    `Node ${node} on ${cpu}, ${cores} cores, ${platform}. Milliseconds per operation, medians of interleaved slices.`,
    `${named}; \`bound\` is the cryptography alone, on node:crypto (${primitives.bound}). Ours computes with ${primitives.ours}.`,
    table(["operation", "members", ...columns], timeRows(rows, columns)),
    "What is wanted, and what is:",
    table(["ratio", "value", "wanted", "", "meaning"], judgementsOf(report).filter(isWanted).map(ratioCells)),
  ]
  if (made.bytes.length > 0) parts.push(bytesTable(report))
  if (made.memory.length > 0) parts.push(memoryTable(report))
  const remarks = new Set(implementations.flatMap((one) => one.remarks))
  const missing = [
    ...absent.map((why) => `Not measured: ${why}`),
    ...made.leftOut.map((what) => `Out of time: ${what}`),
  ]
  parts.push([...remarks, ...missing].map((note) => `- ${note}`).join("\n"))
  return parts.join("\n\n")
}

function timeRows(rows: readonly ResultRow[], columns: readonly ImplementationId[]): readonly (readonly string[])[] {
  const lines: string[][] = []
  for (const { name, what } of OPERATIONS) {
    const sizes = [...new Set(rows.filter(({ operation }) => operation === name).map(({ members }) => members))]
    for (const [at, members] of sizes.entries()) {
      const cells = columns.map((id) => timeCell(rows, name, members, id))
      lines.push([at === 0 ? what : "", members === 0 ? "" : `${members}`, ...cells])
    }
  }
  return lines
}

function timeCell(rows: readonly ResultRow[], name: string, members: number, id: ImplementationId): string {
  const found = rows.find((row) => row.operation === name && row.members === members && row.implementation === id)
  return found === undefined ? "" : digits(found.milliseconds)
}

function bytesTable({ made }: Report): string {
  const heading = [
    "members",
    "",
    "key package",
    "Welcome",
    "tree beside",
    "add all",
    "cold update",
    "warm update",
    "100 B",
    "state",
  ]
  const cells = made.bytes.map(({ implementation, memberCount, value }) => {
    const { keyPackage, welcome, treeBeside, addAll, updateCold, updateWarm, application, saved } = value
    const numbers = [keyPackage, welcome, treeBeside, addAll, updateCold, updateWarm, application, saved]
    return [`${memberCount}`, implementation, ...numbers.map((bytes) => (bytes === undefined ? "" : `${bytes}`))]
  })
  return `Bytes:\n\n${table(heading, cells)}`
}

function memoryTable({ made }: Report): string {
  const cells = made.memory.map(({ implementation, memberCount, value }) => {
    return [`${memberCount}`, implementation, digits(value / MEGABYTE)]
  })
  return `Memory of one member's view, in megabytes:\n\n${table(["members", "", "MB"], cells)}`
}

function isWanted({ target }: Ratio): boolean {
  return target !== undefined
}

function ratioCells({ name, value, target, direction, isMet, what }: Ratio): readonly string[] {
  const wanted = `${direction === "higher is better" ? "≥" : "≤"} ${target}`
  return [`\`${name}\``, digits(value), wanted, isMet === true ? "met" : "missed", what]
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n")
}
