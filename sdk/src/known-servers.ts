import { DecodeError, decodeWhole, encode, fromUtf8, toUtf8 } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { corruptRecord } from "./corrupt-record.ts"
import { put } from "./store.ts"
import type { Store } from "./store.ts"

/** What is remembered of a server: the shape that `@qpc/transport-quic` asks for. */
export interface KnownServerRecord {
  readonly fingerprint: `sha256-${string}`
  readonly certificatePem: string
}

/** The pinned servers of a profile. */
export interface StoredServers {
  /** @param server - `host:port` */
  load(server: string): Promise<KnownServerRecord | undefined>
  save(server: string, known: KnownServerRecord): Promise<void>
}

const VERSION = 1

/** Keeps what a transport knows of servers in the encrypted profile. @throws ClientError `store_…` from both methods */
export function knownServers(store: Store): StoredServers {
  return {
    load: async (server) => {
      const bytes = await store.get("known_servers", toUtf8(server))
      return bytes === undefined ? undefined : stored(bytes)
    },
    save: async (server, { fingerprint, certificatePem }) => {
      const value = encode((writer) => {
        writer.uint8(VERSION).vector(toUtf8(fingerprint)).vector(toUtf8(certificatePem))
      })
      await store.commit([put("known_servers", toUtf8(server), value)])
    },
  }
}

function stored(bytes: Uint8Array): KnownServerRecord {
  try {
    return decodeKnownServer(bytes)
  } catch (error) {
    if (error instanceof DecodeError) throw corruptRecord("known_servers", error)
    throw error
  }
}

/** Reads what {@link knownServers} stored. @throws DecodeError */
export function decodeKnownServer(bytes: Uint8Array): KnownServerRecord {
  return decodeWhole(bytes, read)
}

function read(reader: Reader): KnownServerRecord {
  if (reader.uint8() !== VERSION) throw new DecodeError("reserved_value", 0)
  const fingerprint = fromUtf8(reader.vector())
  const certificatePem = fromUtf8(reader.vector())
  if (!isFingerprint(fingerprint) || certificatePem === undefined) throw new DecodeError("bad_value", 1)
  return { fingerprint, certificatePem }
}

const isFingerprint = (text: string | undefined): text is `sha256-${string}` => text?.startsWith("sha256-") === true
