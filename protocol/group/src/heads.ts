import { LOG_HASH_BYTES, LOG_SIGNATURE_BYTES } from "@qpc/envelope"
import { DecodeError, readList, readOptional, toHex } from "@qpc/wire"
import type { IdentityKey, Reader, Writer } from "@qpc/wire"

/** What the delivery service signed for one epoch of our group. */
export interface Head {
  readonly epoch: bigint
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

/** Where we stand in the log of epochs ourselves, having followed every commit. */
export interface Followed {
  readonly epoch: bigint
  readonly hash: Uint8Array
  /** When the delivery service accepted the commit that led here, Unix milliseconds; 0 before the first. */
  readonly acceptedAtMs: number
}

/** Proof that the delivery service showed two histories. */
export interface ServerProof {
  readonly bytes: Uint8Array
  /** True until a person says that we may change the group over this service all the same. */
  isHalting: boolean
}

/**
 * What we know of the log of the group's epochs (docs/epoch-log.md): where we stand in it, and what the delivery service signed
 * for the epochs around it, whoever showed it to us.
 */
export class Heads {
  /** `undefined` until the delivery service has told us of a head. */
  followed: Followed | undefined
  /** The first that was found; one is enough. */
  proof: ServerProof | undefined
  #signed = new Map<bigint, Head>()
  /** Members who go by another key of the delivery service. Not stored: it is told again after a restart. */
  readonly #ofOtherKey = new Set<string>()

  /** Somebody in the group goes by another key of the delivery service than ours. @returns true for the first time */
  noteOtherKey(member: IdentityKey): boolean {
    const { size } = this.#ofOtherKey
    return this.#ofOtherKey.add(toHex(member)).size > size
  }

  /** True while nothing that is wanted here, or due by the clock, becomes a commit. What others asked for does. */
  get isHalting(): boolean {
    return this.proof?.isHalting === true
  }

  /** The first head that was shown to us for an epoch. */
  signedAt(epoch: bigint): Head | undefined {
    return this.#signed.get(epoch)
  }

  /** Remembers what the delivery service signed. Copies. @param span - how far from `present` it may be */
  remember({ epoch, hash, signature }: Head, present: bigint, span: number): void {
    const distance = epoch < present ? present - epoch : epoch - present
    if (distance > BigInt(span) || this.#signed.has(epoch)) return
    this.#signed.set(epoch, { epoch, hash: hash.slice(), signature: signature.slice() })
  }

  /** Stands in the next epoch, and forgets heads of more than `span` epochs before it. Copies. */
  follow({ epoch, hash, acceptedAtMs }: Followed, span: number): void {
    this.followed = { epoch, hash: hash.slice(), acceptedAtMs }
    for (const known of this.#signed.keys()) if (known + BigInt(span) < epoch) this.#signed.delete(known)
  }

  /**
   * Writes optional (epoch u64 · hash · accepted at u64 ms) · list of (epoch u64 · hash · signature), by epoch · optional
   * (proof<V> · is halting u8).
   */
  write(writer: Writer): void {
    writer.optional(this.followed, (inner, { epoch, hash, acceptedAtMs }) => {
      inner.uint64(epoch).bytes(hash).uint64(BigInt(acceptedAtMs))
    })
    const byEpoch = [...this.#signed.values()].toSorted((a, b) => (a.epoch < b.epoch ? -1 : 1))
    writer.list(byEpoch, (inner, { epoch, hash, signature }) => {
      inner.uint64(epoch).bytes(hash).bytes(signature)
    })
    writer.optional(this.proof, (inner, { bytes, isHalting }) => inner.vector(bytes).uint8(isHalting ? 1 : 0))
  }

  /** @throws DecodeError */
  static read(reader: Reader): Heads {
    const heads = new Heads()
    heads.followed = readOptional(reader, readFollowed)
    const start = reader.offset
    const signed = readList(reader, readHead)
    heads.#signed = new Map(signed.map((head) => [head.epoch, head]))
    if (heads.#signed.size !== signed.length) throw new DecodeError("bad_value", start)
    heads.proof = readOptional(reader, readProof)
    return heads
  }
}

function readFollowed(reader: Reader): Followed {
  const [epoch, hash] = [reader.uint64(), reader.bytes(LOG_HASH_BYTES).slice()]
  const start = reader.offset
  const acceptedAtMs = reader.uint64()
  if (acceptedAtMs > BigInt(Number.MAX_SAFE_INTEGER)) throw new DecodeError("bad_value", start)
  return { epoch, hash, acceptedAtMs: Number(acceptedAtMs) }
}

function readHead(reader: Reader): Head {
  const [epoch, hash] = [reader.uint64(), reader.bytes(LOG_HASH_BYTES).slice()]
  return { epoch, hash, signature: reader.bytes(LOG_SIGNATURE_BYTES).slice() }
}

function readProof(reader: Reader): ServerProof {
  const bytes = reader.vector().slice()
  const start = reader.offset
  const flag = reader.uint8()
  if (flag > 1) throw new DecodeError("reserved_value", start)
  return { bytes, isHalting: flag === 1 }
}
