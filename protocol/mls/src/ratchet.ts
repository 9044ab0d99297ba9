import type { CipherSuite } from "@qpc/crypto"
import { concatBytes, encode } from "@qpc/wire"
import type { RecordLog, StateRecord, Writer } from "@qpc/wire"
import { deriveTreeSecret } from "./labels.ts"

/** How much disorder of messages a receiver tolerates (RFC 9420 §15.3). */
export interface RatchetLimits {
  /** A message may be this many generations behind the newest of its sender. Their keys are kept until then. */
  readonly outOfOrderGenerations: number
  /** A message may be this many generations ahead of the next one expected. Bounds the work it can cause. */
  readonly maxForwardGenerations: number
  /**
   * Steps of ratchets that refused messages of one epoch may cost altogether. Only an insider can cause them. Once they are
   * spent, messages more than `outOfOrderGenerations` ahead are refused until the epoch ends or those between have come.
   */
  readonly refusedDerivations: number
}

/** Key and nonce of one generation (RFC 9420 §9.1), for one message. Its holder's to zero. */
export interface MessageKey {
  readonly generation: number
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

/** A key that was derived without moving the ratchet: a forged message must not use up anything. */
export interface KeyCandidate {
  readonly messageKey: MessageKey
  /** Moves the ratchet past this key, which is zeroed. Call it only after the message proved genuine. */
  consume(): void
  /** Forgets what was derived; the ratchet stays as it was. */
  release(): void
}

/**
 * Why there is no key of a generation.
 *
 * - `key_consumed`: it was used, or is older than the window.
 * - `generation_too_far`: it is too far ahead.
 * - `derivations_spent`: it is far ahead, and refused messages have cost too much already; try it again after those between.
 */
export type KeyMiss = "key_consumed" | "generation_too_far" | "derivations_spent"

/** Where the records of a ratchet lie: its own, and one for each key that was skipped, with its generation behind. */
export interface RatchetKeys {
  readonly head: string
  readonly skipped: (generation: number) => string
}

const GENERATION_MAX = 0xffff_ffff

/** The sender ratchet of one leaf for one kind of message (RFC 9420 §9.1). Forward only; what was used is gone. */
export class Ratchet {
  readonly #suite: CipherSuite
  /** Secret of generation `#next`. */
  #secret: Uint8Array
  #next: number
  /** Keys of generations before `#next` whose messages have not come yet, oldest first. */
  readonly #skipped: Map<number, MessageKey>
  #place: { readonly log: RecordLog; readonly keys: RatchetKeys } | undefined

  /** Takes ownership of `secret`, that of generation `next`. */
  constructor(suite: CipherSuite, secret: Uint8Array, next = 0, skipped: readonly MessageKey[] = []) {
    this.#suite = suite
    this.#secret = secret
    this.#next = next
    this.#skipped = new Map(skipped.map((key) => [key.generation, key]))
  }

  /**
   * The next key to send with. The ratchet has moved on when this returns, so no key comes out twice.
   *
   * @throws RangeError after 2^32 − 1 messages: a commit must come first
   */
  next(): MessageKey {
    if (this.#next >= GENERATION_MAX) throw new RangeError("the ratchet is used up: commit first")
    const key = deriveKey(this.#suite, this.#secret, this.#next)
    const following = deriveFollowing(this.#suite, this.#secret, this.#next)
    this.#replaceSecret(following, this.#next + 1)
    return key
  }

  /** The generation that {@link next} gives out next. */
  get nextGeneration(): number {
    return this.#next
  }

  /** Moves on to a generation without deriving the keys before it. Not backwards. */
  skipTo(generation: number): void {
    while (this.#next < generation) {
      this.#replaceSecret(deriveFollowing(this.#suite, this.#secret, this.#next), this.#next + 1)
    }
  }

  /** Steps from here to a generation; 0 for one whose key was derived before. */
  distanceTo(generation: number): number {
    return Math.max(0, generation - this.#next)
  }

  /** The key of a generation, to try a received message with. Changes nothing by itself. */
  candidate(generation: number, limits: RatchetLimits): KeyCandidate | KeyMiss {
    if (generation < this.#next) return this.#skippedCandidate(generation)
    if (generation - this.#next > limits.maxForwardGenerations || generation >= GENERATION_MAX) {
      return "generation_too_far"
    }
    return this.#futureCandidate(generation, limits.outOfOrderGenerations)
  }

  /** Ends the ratchet's life: zeroes everything it holds. */
  zero(): void {
    this.#secret.fill(0)
    for (const key of this.#skipped.values()) zeroKey(key)
    const generations = [...this.#skipped.keys()]
    this.#skipped.clear()
    for (const generation of generations) this.#markSkipped(generation)
    this.#place?.log.mark(this.#place.keys.head, () => undefined)
  }

  /** From now on every change is noted in this log. */
  attach(log: RecordLog, keys: RatchetKeys): void {
    this.#place = { log, keys }
  }

  /** Notes everything as changed. */
  markAll(): void {
    this.#markHead()
    for (const generation of this.#skipped.keys()) this.#markSkipped(generation)
  }

  /** The ratchet in records, secrets included: secret · next generation u32, and key · nonce for each skipped generation. */
  *records({ head, skipped }: RatchetKeys): Generator<StateRecord> {
    yield { key: head, value: this.#head() }
    for (const [generation, key] of this.#skipped) yield { key: skipped(generation), value: keyBytes(key) }
  }

  /** Writes secret<V> · next generation u32 · a list of generation u32, key<V>, nonce<V>, oldest first. */
  write(writer: Writer): void {
    const skipped = [...this.#skipped.values()].toSorted((a, b) => a.generation - b.generation)
    writer.vector(this.#secret).uint32(this.#next)
    writer.list(skipped, (inner, { generation, key, nonce }) => inner.uint32(generation).vector(key).vector(nonce))
  }

  #head(): Uint8Array {
    return encode((writer) => writer.bytes(this.#secret).uint32(this.#next), this.#secret.length + 4)
  }

  #markHead(): void {
    this.#place?.log.mark(this.#place.keys.head, () => this.#head())
  }

  #markSkipped(generation: number): void {
    this.#place?.log.mark(this.#place.keys.skipped(generation), () => {
      const key = this.#skipped.get(generation)
      return key && keyBytes(key)
    })
  }

  #skippedCandidate(generation: number): KeyCandidate | KeyMiss {
    const messageKey = this.#skipped.get(generation)
    if (messageKey === undefined) return "key_consumed"
    return {
      messageKey,
      consume: () => {
        this.#skipped.delete(generation)
        this.#markSkipped(generation)
        zeroKey(messageKey)
      },
      release: () => undefined,
    }
  }

  #futureCandidate(generation: number, window: number): KeyCandidate {
    const skipped: MessageKey[] = []
    let secret: Uint8Array = this.#secret.slice()
    const step = (from: number): void => {
      const following = deriveFollowing(this.#suite, secret, from)
      secret.fill(0)
      secret = following
    }
    for (let at = this.#next; at < generation; at++) {
      if (generation - at <= window) skipped.push(deriveKey(this.#suite, secret, at))
      step(at)
    }
    const messageKey = deriveKey(this.#suite, secret, generation)
    step(generation)
    return {
      messageKey,
      consume: () => {
        zeroKey(messageKey)
        for (const key of skipped) this.#keep(key)
        this.#forgetBefore(generation - window)
        this.#replaceSecret(secret, generation + 1)
      },
      release: () => {
        for (const key of [messageKey, ...skipped]) zeroKey(key)
        secret.fill(0)
      },
    }
  }

  #replaceSecret(secret: Uint8Array, next: number): void {
    this.#secret.fill(0)
    this.#secret = secret
    this.#next = next
    this.#markHead()
  }

  #keep(key: MessageKey): void {
    this.#skipped.set(key.generation, key)
    this.#markSkipped(key.generation)
  }

  #forgetBefore(generation: number): void {
    for (const [kept, key] of this.#skipped) {
      if (kept >= generation) return
      zeroKey(key)
      this.#skipped.delete(kept)
      this.#markSkipped(kept)
    }
  }
}

/** Ends the life of a message key. */
export function zeroKey(key: MessageKey): void {
  key.key.fill(0)
  key.nonce.fill(0)
}

function deriveKey(suite: CipherSuite, secret: Uint8Array, generation: number): MessageKey {
  const { aeadKeyBytes, aeadNonceBytes } = suite.sizes
  return {
    generation,
    nonce: deriveTreeSecret(suite, secret, "nonce", generation, aeadNonceBytes),
    key: deriveTreeSecret(suite, secret, "key", generation, aeadKeyBytes),
  }
}

function deriveFollowing(suite: CipherSuite, secret: Uint8Array, generation: number): Uint8Array {
  return deriveTreeSecret(suite, secret, "secret", generation, suite.sizes.hashBytes)
}

function keyBytes({ key, nonce }: MessageKey): Uint8Array {
  return concatBytes(key, nonce)
}
