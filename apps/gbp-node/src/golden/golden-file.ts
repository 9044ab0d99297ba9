import { readFileSync } from "node:fs"
import { fromHex } from "@qpc/wire"

/** The messages of profile 1, and their parts that have an encoding of their own. */
export type Kind =
  | "frame"
  | "control"
  | "abort"
  | "digest_request"
  | "digest_response"
  | "invalid_commit"
  | "error"
  | "text"
  | "text_ack"
  | "manifest"
  | "chunk"
  | "audio"
  | "signal"
  | "signal_args"
  | "signal_ack"

/** The ways a payload is written down. */
export type CodecName = "cbor" | "protobuf" | "flatbuffers"

/** One message with its bytes, written by hand. */
export interface Golden {
  readonly name: string
  readonly kind: Kind
  readonly codec: CodecName
  /** We read it, and write the same in another layout. */
  readonly isOtherLayout?: true
  /** In the notation of the file; {@link revived} makes it what our functions take. */
  readonly value: unknown
  readonly hex: string
  /** The bytes cut up: hex, and why they are there. */
  readonly parts: readonly (readonly [string, string])[]
}

/** One payload with the key and nonce that seal it. */
export interface GoldenSealed {
  readonly streamType: "control" | "audio" | "text" | "signal"
  /** Of the MLS exporter. */
  readonly label: string
  readonly key: string
  readonly sequence: number
  readonly nonce: string
  readonly plaintext: string
  readonly sealed: string
}

/** What `golden/profile-1.json` holds. */
export interface GoldenFile {
  readonly messages: readonly Golden[]
  readonly sealed: readonly GoldenSealed[]
}

/** Reads the file. */
export function goldenProfile1(): GoldenFile {
  return JSON.parse(readFileSync(new URL("../../golden/profile-1.json", import.meta.url), "utf8")) as GoldenFile
}

/** A value of the file with its 64-bit numbers as `bigint` and its bytes as `Uint8Array`. */
export function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived)
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]))
  }
  if (typeof value !== "string") return value
  if (/^\d+n$/.test(value)) return BigInt(value.slice(0, -1))
  const bytes = /^h'([0-9a-f]*)'$/.exec(value)
  return bytes === null ? value : fromHex(bytes[1]!)
}
