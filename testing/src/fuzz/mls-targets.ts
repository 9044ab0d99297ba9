import { mlsCodecs } from "@qpc/mls/conformance"
import { decoderTarget } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

/** Every decoder of MLS, with one sample for each kind of what it decodes. */
export function mlsTargets(): FuzzTarget[] {
  return [...mlsCodecs()].map(([decoder, codecs]) => {
    const samples = codecs.map(({ valid }) => valid)
    const [first] = codecs
    if (first === undefined) throw new Error(`unreachable: no codec of ${decoder}`)
    return decoderTarget(`MLS: ${decoder}`, samples, first.rewrite)
  })
}
