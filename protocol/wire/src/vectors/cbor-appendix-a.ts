import { fromHex, toHex } from "../bytes.ts"
import { decodeCbor, encodeCbor } from "../cbor.ts"
import type { CborValue } from "../cbor.ts"
import { DecodeError } from "../decode-error.ts"
import type { VectorFiles } from "./vector-files.ts"
import { missingFile } from "./vector-set.ts"
import type { VectorResult } from "./vector-set.ts"

const FILE = "cbor/appendix_a.json"
/** The file had so many cases when this was written. */
const CASES = 82

/** Why CBOR that is good elsewhere is refused here. */
type Refusal = "float" | "tag" | "simple value" | "indefinite length"

interface Example {
  readonly hex: string
  readonly roundtrip: boolean
  readonly decoded?: unknown
  readonly diagnostic?: string
}

/**
 * The examples of RFC 7049 Appendix A (RFC 8949 keeps them): those made of our values must read as what the file says and
 * write back to the same bytes; the others must be refused.
 */
export function runCborAppendixA(files: VectorFiles): VectorResult {
  const text = files.text(FILE)
  if (text === undefined) return missingFile(files, FILE, CASES)
  const examples = parseKeepingIntegers(text)
  const failures: string[] = []
  const refused = new Map<Refusal, number>()
  for (const example of examples) {
    const refusal = expectedRefusal(example)
    if (refusal !== undefined) refused.set(refusal, (refused.get(refusal) ?? 0) + 1)
    const failure = refusal === undefined ? roundTripFailure(example) : refusalFailure(example, refusal)
    if (failure !== undefined) failures.push(`${example.hex}: ${failure}`)
  }
  const refusals = [...refused].map(([refusal, count]) => `${refusal} ${count}`).join(", ")
  return {
    cases: examples.length,
    passed: examples.length - failures.length,
    failed: failures.length,
    skipped: 0,
    why: `refused by design, and seen to be: ${refusals}`,
    failures,
  }
}

function roundTripFailure(example: Example): string | undefined {
  const bytes = fromHex(example.hex)
  const value = decodeOrRefuse(bytes)
  if (value === undefined) return "refused"
  const expected = example.diagnostic ?? diagnosticOfJson(example.decoded)
  if (diagnostic(value) !== expected) return `read as ${diagnostic(value)}, not ${expected}`
  return toHex(encodeCbor(value)) === example.hex ? undefined : `written as ${toHex(encodeCbor(value))}`
}

function refusalFailure(example: Example, refusal: Refusal): string | undefined {
  return decodeOrRefuse(fromHex(example.hex)) === undefined ? undefined : `accepted, although it holds a ${refusal}`
}

function expectedRefusal(example: Example): Refusal | undefined {
  const head = Number.parseInt(example.hex.slice(0, 2), 16)
  if (head >>> 5 === 6) return "tag"
  if (head >= 0xf9 && head <= 0xfb) return "float"
  // `f818` is not even well-formed under RFC 8949 §3.3.
  if (head >>> 5 === 7 && (head < 0xf4 || head > 0xf6)) return "simple value"
  return example.roundtrip ? undefined : "indefinite length"
}

/** `undefined` for what our decoder refuses. */
export function decodeOrRefuse(bytes: Uint8Array): CborValue | undefined {
  try {
    return decodeCbor(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** Diagnostic notation (RFC 8949 §8) of what we support. */
function diagnostic(value: CborValue): string {
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`
  if (typeof value === "string") return JSON.stringify(value)
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<CborValue, CborValue>)]
    return `{${entries.map(([key, held]) => `${diagnostic(key)}: ${diagnostic(held)}`).join(", ")}}`
  }
  if (Array.isArray(value)) return `[${(value as readonly CborValue[]).map(diagnostic).join(", ")}]`
  return String(value)
}

function diagnosticOfJson(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(diagnosticOfJson).join(", ")}]`
  if (typeof value !== "object" || value === null) return String(value)
  const entries = Object.entries(value).map(([key, held]) => `${JSON.stringify(key)}: ${diagnosticOfJson(held)}`)
  return `{${entries.join(", ")}}`
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** JSON numbers lose what lies beyond 2^53; their source text does not. */
function parseKeepingIntegers(text: string): readonly Example[] {
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
  return parse(text, (_key, value, { source }) => {
    return typeof value === "number" && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
  }) as readonly Example[]
}
