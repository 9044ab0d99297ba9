import type { ClientEvent } from "@qpc/sdk"
import { personText } from "./text.ts"
import { UsageError } from "./usage-error.ts"

/** Cipher suites by the names that people type; all others by their number. */
const NAMES: ReadonlyMap<string, number> = new Map([["x-wing", 0xf002]])

/** A cipher suite by its name or its IANA code point. @throws UsageError for what is neither */
export function parseSuite(text: string): number {
  const named = NAMES.get(text.toLowerCase())
  if (named !== undefined) return named
  if (/^0x[0-9a-f]{1,4}$/i.test(text)) return Number.parseInt(text, 16)
  throw new UsageError(`${text} is no cipher suite.`, "Choose x-wing, or a number such as 0x0001.")
}

/** As people type it. */
export function suiteName(suiteId: number): string {
  const named = [...NAMES].find(([, id]) => id === suiteId)
  return named?.[0] ?? `0x${suiteId.toString(16).padStart(4, "0")}`
}

/** That somebody led a group into another suite. */
export function suiteText({ by, suiteId }: ClientEvent & { readonly kind: "suite_changed" }): string {
  return `${personText(by)} changed the cipher suite to ${suiteName(suiteId)}: everybody goes on with new keys.`
}
