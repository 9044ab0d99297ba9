import type { CipherSuite } from "@qpc/crypto"
import { fromHex, toHex } from "@qpc/wire"
import { decodeAuthenticatedContent } from "../authenticated-content.ts"
import { confirmationTag } from "../key-schedule.ts"
import { confirmedTranscriptHash, interimTranscriptHash } from "../transcript-hash.ts"
import { expectHex } from "./expect.ts"

/** A case of transcript-hashes.json. */
export interface TranscriptHashesCase {
  readonly cipher_suite: number
  readonly confirmation_key: string
  readonly authenticated_content: string
  readonly interim_transcript_hash_before: string
  readonly confirmed_transcript_hash_after: string
  readonly interim_transcript_hash_after: string
}

/** RFC 9420 §8.2, §6.1: how a commit advances the transcript. */
export function checkTranscriptHashes(vector: TranscriptHashesCase, suite: CipherSuite): void {
  const { wireFormat, content, auth } = decodeAuthenticatedContent(fromHex(vector.authenticated_content))
  const tag = auth.confirmationTag
  if (content.body.kind !== "commit" || tag === undefined) throw new Error("not a commit")
  const before = fromHex(vector.interim_transcript_hash_before)
  const confirmed = confirmedTranscriptHash(suite, before, { wireFormat, content, signature: auth.signature })
  expectHex("confirmed transcript hash", confirmed, vector.confirmed_transcript_hash_after)
  expectHex(
    "interim transcript hash",
    interimTranscriptHash(suite, confirmed, tag),
    vector.interim_transcript_hash_after,
  )
  const keys = { confirmationKey: fromHex(vector.confirmation_key) }
  const expected = fromHex(vector.confirmed_transcript_hash_after)
  expectHex("confirmation tag", tag, toHex(confirmationTag(suite, keys, expected)))
}
