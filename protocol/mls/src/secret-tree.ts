import type { CipherSuite } from "@qpc/crypto"
import { recordKey, toUtf8 } from "@qpc/wire"
import type { RecordLog, StateRecord, Writer } from "@qpc/wire"
import { expandWithLabel } from "./labels.ts"
import { Ratchet } from "./ratchet.ts"
import type { KeyCandidate, KeyMiss, MessageKey, RatchetKeys, RatchetLimits } from "./ratchet.ts"
import { fullWidth, leafToNode, leftOf, rightOf, rootOf } from "./tree-math.ts"

/** Which of a leaf's two ratchets (RFC 9420 §9): handshake for proposals and commits. */
export type RatchetKind = "handshake" | "application"

/** The two ratchets of a leaf. */
export interface LeafRatchets {
  /** Absent once the epoch is over: only late application messages are still read then. */
  readonly handshake: Ratchet | undefined
  readonly application: Ratchet
}

/** What expanding the tree down to a leaf yields, before it takes effect. */
interface Expansion {
  readonly ratchets: LeafRatchets
  /** Secrets of the nodes beside the way down. */
  readonly siblings: readonly (readonly [nodeIndex: number, secret: Uint8Array])[]
  /** The node that was expanded. */
  readonly from: number
}

/** A tree as it is stored. */
export interface SecretTreeParts {
  /** A power of two. */
  readonly leafWidth: number
  readonly nodes: ReadonlyMap<number, Uint8Array>
  readonly ratchets: ReadonlyMap<number, LeafRatchets>
  /** True once the epoch is over. */
  readonly isRetired: boolean
}

const EMPTY = new Uint8Array(0)
const KINDS = ["application", "handshake"] as const satisfies readonly RatchetKind[]
const LEFT = toUtf8("left")
const RIGHT = toUtf8("right")

/**
 * The message keys of one epoch (RFC 9420 §9).
 *
 * A leaf's ratchets are derived when its first message comes; the secrets on the way down are deleted then (§9.2). Cost:
 * logarithmic for a sender's first message, constant after.
 */
export class SecretTree {
  readonly #suite: CipherSuite
  readonly #leafWidth: number
  /** Secrets of nodes none of whose ancestors has one: together they cover the leaves without ratchets. */
  readonly #nodes: Map<number, Uint8Array>
  readonly #ratchets: Map<number, LeafRatchets>
  #isRetired: boolean
  /** Steps that refused messages have cost. Not stored: a restart forgives them. */
  #refusedDerivations = 0
  #place: { readonly log: RecordLog; readonly epoch: bigint } | undefined

  private constructor(suite: CipherSuite, { leafWidth, nodes, ratchets, isRetired }: SecretTreeParts) {
    this.#suite = suite
    this.#leafWidth = leafWidth
    this.#nodes = new Map(nodes)
    this.#ratchets = new Map(ratchets)
    this.#isRetired = isRetired
  }

  /** The tree over as many leaves as the ratchet tree has. Takes ownership of `encryptionSecret`. */
  static create(suite: CipherSuite, encryptionSecret: Uint8Array, leafCount: number): SecretTree {
    const leafWidth = fullWidth(leafCount)
    const nodes = new Map([[rootOf(leafWidth), encryptionSecret]])
    return new SecretTree(suite, { leafWidth, nodes, ratchets: new Map(), isRetired: false })
  }

  /** A tree as it was stored, which its reader has checked. Takes ownership. */
  static restore(suite: CipherSuite, parts: SecretTreeParts): SecretTree {
    return new SecretTree(suite, parts)
  }

  /** Leaves, taken or blank: a power of two. */
  get leafWidth(): number {
    return this.#leafWidth
  }

  /** True as long as no key was taken. */
  get isUnused(): boolean {
    return this.#nodes.has(rootOf(this.#leafWidth))
  }

  /** The secret that all others come from, as long as no key was taken. Borrowed. */
  get encryptionSecret(): Uint8Array {
    const secret = this.#nodes.get(rootOf(this.#leafWidth))
    if (secret === undefined) throw new Error("unreachable: keys of an epoch that is not yet in use")
    return secret
  }

  /** Takes the next key of our own ratchet; it will never come out again. @throws RangeError if the leaf is outside */
  take(leafIndex: number, kind: RatchetKind): MessageKey {
    return this.#ownRatchet(leafIndex, kind).next()
  }

  /** The generation that {@link take} gives out next. */
  nextGeneration(leafIndex: number, kind: RatchetKind): number {
    return this.#ratchets.get(leafIndex)?.[kind]?.nextGeneration ?? 0
  }

  /** Leaves out generations of our own ratchet that may have been used. @throws RangeError if the leaf is outside */
  skipTo(leafIndex: number, kind: RatchetKind, generation: number): void {
    this.#ownRatchet(leafIndex, kind).skipTo(generation)
  }

  #ownRatchet(leafIndex: number, kind: RatchetKind): Ratchet {
    let ratchets = this.#ratchets.get(leafIndex)
    if (ratchets === undefined) {
      const expansion = this.#expand(leafIndex)
      if (expansion === undefined) throw new RangeError(`no leaf ${leafIndex}`)
      this.#adopt(leafIndex, expansion)
      ratchets = expansion.ratchets
    }
    const ratchet = ratchets[kind]
    if (ratchet === undefined) throw new Error("unreachable: nothing is sent in a past epoch")
    return ratchet
  }

  /** The key of a received message, without any change until it is consumed. */
  candidate(leafIndex: number, kind: RatchetKind, generation: number, limits: RatchetLimits): KeyCandidate | KeyMiss {
    const distance = this.#ratchets.get(leafIndex)?.[kind]?.distanceTo(generation) ?? generation
    const isFar = distance > limits.outOfOrderGenerations && distance <= limits.maxForwardGenerations
    if (isFar && this.#refusedDerivations + distance > limits.refusedDerivations) return "derivations_spent"
    const candidate = this.#candidate(leafIndex, kind, generation, limits)
    if (!isFar || typeof candidate === "string") return candidate
    return {
      ...candidate,
      release: () => {
        this.#refusedDerivations += distance
        candidate.release()
      },
    }
  }

  #candidate(leafIndex: number, kind: RatchetKind, generation: number, limits: RatchetLimits): KeyCandidate | KeyMiss {
    const known = this.#ratchets.get(leafIndex)
    if (known !== undefined) return known[kind]?.candidate(generation, limits) ?? "key_consumed"
    // Before anything is derived: a far generation must be cheap to refuse.
    if (generation > limits.maxForwardGenerations) return "generation_too_far"
    const expansion = this.#expand(leafIndex)
    if (expansion === undefined) return "key_consumed"
    const candidate = expansion.ratchets[kind]?.candidate(generation, limits) ?? "key_consumed"
    if (typeof candidate === "string") {
      zeroExpansion(expansion)
      return candidate
    }
    return {
      messageKey: candidate.messageKey,
      consume: () => {
        candidate.consume()
        this.#adopt(leafIndex, expansion)
      },
      release: () => {
        candidate.release()
        zeroExpansion(expansion)
      },
    }
  }

  /** The epoch is over: handshake keys are deleted, late application messages can still be read. */
  retire(): void {
    this.#isRetired = true
    for (const [leafIndex, { handshake, application }] of this.#ratchets) {
      handshake?.zero()
      this.#ratchets.set(leafIndex, { handshake: undefined, application })
    }
  }

  /** Ends the tree's life: zeroes all it holds. */
  zero(): void {
    const secrets = [...this.#nodes]
    this.#nodes.clear()
    for (const [nodeIndex, secret] of secrets) {
      secret.fill(0)
      this.#markNode(nodeIndex)
    }
    for (const ratchets of this.#ratchets.values()) zeroRatchets(ratchets)
    this.#ratchets.clear()
  }

  /** From now on every change is noted in this log, under this epoch. */
  attach(log: RecordLog, epoch: bigint): void {
    this.#place = { log, epoch }
    for (const [leafIndex, ratchets] of this.#ratchets) this.#attachRatchets(leafIndex, ratchets)
  }

  /** Notes everything as changed. */
  markAll(): void {
    for (const nodeIndex of this.#nodes.keys()) this.#markNode(nodeIndex)
    for (const ratchets of this.#ratchets.values()) for (const kind of KINDS) ratchets[kind]?.markAll()
  }

  /** The tree in records, secrets included; `secret-tree-records.ts` reads them. */
  *records(epoch: bigint): Generator<StateRecord> {
    for (const [nodeIndex, secret] of this.#nodes) yield { key: secretKey(epoch, nodeIndex), value: secret.slice() }
    for (const [leafIndex, ratchets] of this.#ratchets) {
      for (const kind of KINDS) yield* ratchets[kind]?.records(ratchetKeys(epoch, leafIndex, kind)) ?? []
    }
  }

  /**
   * Writes whether it is retired u8 · leaf width u32 · a list of node index u32, secret<V> · a list of leaf index u32, optional
   * handshake ratchet, application ratchet. `secret-tree-bytes.ts` reads it.
   */
  write(writer: Writer): void {
    writer.uint8(this.#isRetired ? 1 : 0).uint32(this.#leafWidth)
    writer.list(byIndex(this.#nodes), (inner, [nodeIndex, secret]) => inner.uint32(nodeIndex).vector(secret))
    writer.list(byIndex(this.#ratchets), (inner, [leafIndex, { handshake, application }]) => {
      inner.uint32(leafIndex).optional(handshake, (item, ratchet) => ratchet.write(item))
      application.write(inner)
    })
  }

  #markNode(nodeIndex: number): void {
    this.#place?.log.mark(secretKey(this.#place.epoch, nodeIndex), () => this.#nodes.get(nodeIndex)?.slice())
  }

  #attachRatchets(leafIndex: number, ratchets: LeafRatchets): void {
    if (this.#place === undefined) return
    const { log, epoch } = this.#place
    for (const kind of KINDS) ratchets[kind]?.attach(log, ratchetKeys(epoch, leafIndex, kind))
  }

  #expand(leafIndex: number): Expansion | undefined {
    const leaf = leafToNode(leafIndex)
    let at = rootOf(this.#leafWidth)
    if (leaf > 2 * at) return undefined
    while (!this.#nodes.has(at)) {
      const below = childTowards(at, leaf)
      if (below === undefined) return undefined
      at = below.towards
    }
    const from = at
    let secret: Uint8Array = this.#nodes.get(from)!.slice()
    const siblings: [number, Uint8Array][] = []
    for (let below = childTowards(at, leaf); below !== undefined; below = childTowards(at, leaf)) {
      const isLeft = below.towards < at
      siblings.push([below.beside, this.#derive(secret, "tree", isLeft ? RIGHT : LEFT)])
      const next = this.#derive(secret, "tree", isLeft ? LEFT : RIGHT)
      secret.fill(0)
      secret = next
      at = below.towards
    }
    const handshake = this.#isRetired ? undefined : new Ratchet(this.#suite, this.#derive(secret, "handshake", EMPTY))
    const application = new Ratchet(this.#suite, this.#derive(secret, "application", EMPTY))
    secret.fill(0)
    return { ratchets: { handshake, application }, siblings, from }
  }

  #adopt(leafIndex: number, { ratchets, siblings, from }: Expansion): void {
    this.#nodes.get(from)?.fill(0)
    this.#nodes.delete(from)
    this.#markNode(from)
    for (const [nodeIndex, secret] of siblings) {
      this.#nodes.set(nodeIndex, secret)
      this.#markNode(nodeIndex)
    }
    this.#ratchets.set(leafIndex, ratchets)
    this.#attachRatchets(leafIndex, ratchets)
    for (const kind of KINDS) ratchets[kind]?.markAll()
  }

  #derive(secret: Uint8Array, label: string, context: Uint8Array): Uint8Array {
    return expandWithLabel(this.#suite, secret, label, context, this.#suite.sizes.hashBytes)
  }
}

function byIndex<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].toSorted(([a], [b]) => a - b)
}

function secretKey(epoch: bigint, nodeIndex: number): string {
  return recordKey("secret", epoch, nodeIndex)
}

function ratchetKeys(epoch: bigint, leafIndex: number, kind: RatchetKind): RatchetKeys {
  return {
    head: recordKey("ratchet", epoch, leafIndex, kind),
    skipped: (generation) => recordKey("skipped", epoch, leafIndex, kind, generation),
  }
}

function childTowards(
  nodeIndex: number,
  leaf: number,
): { readonly towards: number; readonly beside: number } | undefined {
  const left = leftOf(nodeIndex)
  const right = rightOf(nodeIndex)
  if (left === undefined || right === undefined) return undefined
  return leaf < nodeIndex ? { towards: left, beside: right } : { towards: right, beside: left }
}

function zeroExpansion(expansion: Expansion): void {
  zeroRatchets(expansion.ratchets)
  for (const [, secret] of expansion.siblings) secret.fill(0)
}

function zeroRatchets(ratchets: LeafRatchets): void {
  ratchets.handshake?.zero()
  ratchets.application.zero()
}
