import type { Codec } from "../testing/codec.ts"
import { messageCodecs } from "../testing/message-codecs.ts"
import { treeCodecs } from "../testing/tree-codecs.ts"

/** Every decoder of MLS by its name, with valid bytes, for whoever wants to give it others. Makes a group for them. */
export function mlsCodecs(): ReadonlyMap<string, readonly Codec[]> {
  const byDecoder = new Map<string, Codec[]>()
  for (const [name, codec] of [...Object.entries(treeCodecs().codecs), ...Object.entries(messageCodecs())]) {
    const decoder = codec.decoder ?? name
    byDecoder.set(decoder, [...(byDecoder.get(decoder) ?? []), codec])
  }
  return byDecoder
}
