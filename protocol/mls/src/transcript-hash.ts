import type { CipherSuite } from "@qpc/crypto"
import { encode } from "@qpc/wire"
import { WIRE_FORMATS } from "./authenticated-content.ts"
import type { AuthenticatedContent } from "./authenticated-content.ts"

/** The transcript up to a commit's signature (RFC 9420 §8.2). `content` must hold a commit. */
export function confirmedTranscriptHash(
  suite: CipherSuite,
  interimHashBefore: Uint8Array,
  commit: Pick<AuthenticatedContent, "wireFormat" | "content"> & { readonly signature: Uint8Array },
): Uint8Array {
  const input = encode((writer) =>
    writer
      .bytes(interimHashBefore)
      .uint16(WIRE_FORMATS[commit.wireFormat])
      .bytes(commit.content.encoded)
      .vector(commit.signature),
  )
  return suite.hash(input)
}

/** The transcript with the commit's confirmation tag (RFC 9420 §8.2), from which the next commit goes on. */
export function interimTranscriptHash(
  suite: CipherSuite,
  confirmedHash: Uint8Array,
  confirmationTag: Uint8Array,
): Uint8Array {
  return suite.hash(encode((writer) => writer.bytes(confirmedHash).vector(confirmationTag)))
}
