import type { CborValue } from "@qpc/wire"
import type { CborEntry } from "./cbor-entries.ts"
import type { ExplainedField, Fault } from "./explained.ts"
import { shortHex } from "./short-hex.ts"

/** What one field of a frame may be. */
export interface FieldRule {
  readonly key: string
  readonly name: string
  /** An unsigned integer up to `max`, or bytes: `lengthBytes` of them where that is fixed. */
  readonly type:
    | { readonly of: "uint"; readonly max: bigint; readonly min?: bigint }
    | { readonly of: "bytes"; readonly lengthBytes?: number }
  readonly isOptional?: boolean
  /** In plain words. */
  readonly meaning: (value: number | bigint | Uint8Array) => string
}

/** What `readFields` found; the fault is the first one, and the fields are those before it. */
export interface ReadFields {
  readonly fields: readonly ExplainedField[]
  /** By key. */
  readonly values: ReadonlyMap<string, number | bigint | Uint8Array>
  readonly fault: Fault | undefined
}

/** Holds entries against the rules: each field in its place, with its type and range. */
export function readFields(entries: readonly CborEntry[], rules: readonly FieldRule[], endOffset: number): ReadFields {
  const fields: ExplainedField[] = []
  const values = new Map<string, number | bigint | Uint8Array>()
  let at = 0
  for (const rule of rules) {
    const entry = entries[at]
    if (rule.isOptional === true && entry?.key !== rule.key) continue
    if (entry?.key !== rule.key) return { fields, values, fault: notHere(rule, entry, entries, endOffset) }
    const reason = violation(rule, entry.value)
    if (reason !== undefined) return { fields, values, fault: { offset: entry.valueOffset, reason } }
    const value = entry.value as number | bigint | Uint8Array
    values.set(rule.key, value)
    fields.push(explain(rule, entry, value))
    at++
  }
  const left = entries[at]
  if (left === undefined) return { fields, values, fault: undefined }
  const reason = `the field ${quoted(left.key)} does not belong here: nothing follows ${rules.at(-1)!.key}`
  return { fields, values, fault: { offset: left.offset, reason } }
}

function explain(rule: FieldRule, entry: CborEntry, value: number | bigint | Uint8Array): ExplainedField {
  return {
    offset: entry.offset,
    lengthBytes: entry.lengthBytes,
    key: rule.key,
    name: rule.name,
    value: value instanceof Uint8Array ? shortHex(value) : String(value),
    meaning: rule.meaning(value),
  }
}

function notHere(rule: FieldRule, found: CborEntry | undefined, all: readonly CborEntry[], endOffset: number): Fault {
  const wanted = `${rule.key} (${rule.name})`
  if (found === undefined) return { offset: endOffset, reason: `the frame ends before the field ${wanted}` }
  const isLater = all.some(({ key }) => key === rule.key)
  const why = isLater ? "it comes later: fields have one order" : "it is missing"
  return { offset: found.offset, reason: `the field ${quoted(found.key)} is where ${wanted} has to be; ${why}` }
}

function violation(rule: FieldRule, value: CborValue): string | undefined {
  const { key, type } = rule
  if (type.of === "bytes") {
    if (!(value instanceof Uint8Array)) return `${key} is not a byte string`
    const { lengthBytes } = type
    if (lengthBytes !== undefined && value.length !== lengthBytes) {
      return `${key} has ${value.length} bytes; a ${rule.name} has ${lengthBytes}`
    }
    return undefined
  }
  if ((typeof value !== "number" && typeof value !== "bigint") || value < 0) return `${key} is not an unsigned integer`
  if (value > type.max) return `${key} is ${value}; the largest ${rule.name} is ${type.max}`
  if (value < (type.min ?? 0n)) return `${key} is written although it is ${value}: then it has to be left out`
  return undefined
}

/** A key is foreign text: it is shown as JSON shows it. */
function quoted(key: CborEntry["key"]): string {
  return typeof key === "string" ? JSON.stringify(key.slice(0, 20)) : String(key)
}
