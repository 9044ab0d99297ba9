import { equalBytes, fromHex } from "@qpc/wire"
import type { VectorResult } from "@qpc/wire/vectors"
import { Tally } from "./tally.ts"
import type { VectorProvider } from "./vector-provider.ts"

/** The known answer of the reference implementation of Argon2id (RFC 9106 §5.3), out of its printed trace. */
export function runArgon2id(provider: VectorProvider, trace: string): VectorResult {
  const tally = new Tally()
  const { argon2id } = provider
  if (argon2id === undefined) tally.skip("this platform has no Argon2id yet")
  else tally.check("known answer", () => equalBytes(derive(argon2id, trace), bytesAfter(trace, "Tag")))
  return tally.result()
}

function derive(argon2id: NonNullable<VectorProvider["argon2id"]>, trace: string): Uint8Array {
  return argon2id(bytesAfter(trace, "Password"), bytesAfter(trace, "Salt"), {
    memoryKiB: numberAfter(trace, "Memory"),
    passes: numberAfter(trace, "Iterations"),
    parallelism: numberAfter(trace, "Parallelism"),
    lengthBytes: numberAfter(trace, "Tag length"),
    secret: bytesAfter(trace, "Secret"),
    associatedData: bytesAfter(trace, "Associated data"),
  })
}

function numberAfter(trace: string, name: string): number {
  return Number(fieldOf(trace, new RegExp(`${name}: ([0-9]+)`)))
}

function bytesAfter(trace: string, name: string): Uint8Array {
  return fromHex(fieldOf(trace, new RegExp(`^${name}(?:\\[[0-9]+\\])?: ([0-9a-f ]+)$`, "m")).replaceAll(" ", ""))
}

function fieldOf(trace: string, pattern: RegExp): string {
  const field = pattern.exec(trace)?.[1]
  if (field === undefined) throw new Error(`the trace has no ${pattern.source}`)
  return field
}
