import {
  DISABLED,
  ENDPOINT_TRANSITIONS,
  ERROR_CLASS_CODES,
  ERROR_REGISTRY,
  OPCODES,
  stepSubProtocol,
  TRANSITION_TRANSITIONS,
} from "@qpc/gbp"
import type { SubProtocol, SubProtocolInput, SubProtocolState } from "@qpc/gbp"
import { PERMISSIONS, SIGNAL_CODES } from "@qpc/gsp"

/** Languages of the specification: the folders below `docs/spec`. */
export const LANGUAGES = ["en", "ru"] as const
/** One of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number]

/** What pages take over from the code: tables and diagrams by name, so that they cannot say anything else than what runs. */
export const FIGURES: Readonly<Record<string, (language: Language) => string>> = {
  "endpoint states": () => stateDiagram(ENDPOINT_TRANSITIONS, "idle"),
  "transition states": () => stateDiagram(TRANSITION_TRANSITIONS, "T_IDLE"),
  "sub-protocol states": subProtocolDiagram,
  errors: errorTable,
  opcodes: (language) => numbers(OPCODES, { en: ["number", "opcode"], ru: ["номер", "код операции"] }[language]),
  signals: (language) => numbers(SIGNAL_CODES, { en: ["number", "signal"], ru: ["номер", "сигнал"] }[language]),
  permissions: (language) => numbers(PERMISSIONS, { en: ["bit", "permission"], ru: ["бит", "разрешение"] }[language]),
}

const BEGIN = /^<!-- figure: (.+) -->$/
const END = "<!-- end of figure -->"

/** A page with its figures drawn anew. @throws Error for a figure that there is not, or that does not end */
export function withFigures(page: string, language: Language): string {
  const lines: string[] = []
  let inside: string | undefined
  for (const line of page.split("\n")) {
    const name = BEGIN.exec(line)?.[1]
    if (inside === undefined) lines.push(line)
    if (name !== undefined) {
      const draw = FIGURES[name]
      if (draw === undefined || inside !== undefined) throw new Error(`no figure can begin here: ${name}`)
      lines.push("", draw(language), "")
      inside = name
    } else if (line === END) {
      lines.push(line)
      inside = undefined
    }
  }
  if (inside !== undefined) throw new Error(`the figure "${inside}" has no end`)
  return lines.join("\n")
}

/** The names of the figures that a page has, in order. */
export function figuresOf(page: string): string[] {
  return page.split("\n").flatMap((line) => BEGIN.exec(line)?.[1] ?? [])
}

function stateDiagram(next: Readonly<Record<string, readonly string[]>>, first: string): string {
  const steps = Object.entries(next).flatMap(([from, states]) => states.map((to) => `    ${from} --> ${to}`))
  const last = Object.keys(next).filter((state) => next[state]!.length === 0)
  return fenced([`    [*] --> ${first}`, ...steps, ...last.map((state) => `    ${state} --> [*]`)])
}

const INPUTS: readonly SubProtocolInput[] = [
  "offered",
  "agreed",
  "refused",
  "worked",
  "failed",
  "failed_fatally",
  "withdrawn",
]

/** Every state with every input, found by trying them all. */
function subProtocolDiagram(): string {
  const known = new Map<string, SubProtocol>([[keyOf(DISABLED), DISABLED]])
  const steps = new Map<string, Set<SubProtocolInput>>()
  for (const from of known.values()) {
    for (const input of INPUTS) {
      const to = stepSubProtocol(from, input)
      known.set(keyOf(to), known.get(keyOf(to)) ?? to)
      if (to.state === from.state) continue
      const step = `    ${from.state} --> ${to.state}`
      steps.set(step, (steps.get(step) ?? new Set()).add(input))
    }
  }
  const order: Record<SubProtocolState, number> = { disabled: 0, negotiating: 1, enabled: 2, degraded: 3, suspended: 4 }
  const rank = (step: string): number => order[step.trim().split(" ")[0] as SubProtocolState]
  const drawn = [...steps].toSorted(([a], [b]) => rank(a) - rank(b))
  return fenced([
    "    [*] --> disabled",
    ...drawn.map(([step, inputs]) => `${step}: ${[...inputs].join(", ").replaceAll("_", " ")}`),
  ])
}

function keyOf({ state, failures }: SubProtocol): string {
  return `${state} ${failures}`
}

function fenced(lines: readonly string[]): string {
  return ["```mermaid", "stateDiagram-v2", ...lines, "```"].join("\n")
}

function errorTable(language: Language): string {
  const head = {
    en: ["code", "name", "class", "may be retried", "fatal"],
    ru: ["код", "имя", "класс", "можно повторить", "неустранимая"],
  }[language]
  const rows = Object.values(ERROR_REGISTRY).map((error) => [
    hex(error.code),
    `\`${error.name}\``,
    `${error.class} (${ERROR_CLASS_CODES[error.class]})`,
    error.retryable ? "✓" : "–",
    error.fatal ? "✓" : "–",
  ])
  return table(head, rows)
}

function numbers(assigned: Readonly<Record<string, number>>, head: readonly string[]): string {
  return table(
    head,
    Object.entries(assigned).map(([name, number]) => [String(number), `\`${name}\``]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(4, "0")}`
}
