import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, readList, readOptional, toUtf8 } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { expandWithLabel } from "./labels.ts"
import { Ratchet, readRatchet } from "./ratchet.ts"
import type { KeyCandidate, KeyMiss, MessageKey, RatchetLimits } from "./ratchet.ts"
import { fullWidth, leafToNode, LEAVES_MAX, leftOf, rightOf, rootOf } from "./tree-math.ts"

/** Which of a leaf's two ratchets (RFC 9420 §9): handshake for proposals and commits. */
export type RatchetKind = "handshake" | "application"

interface LeafRatchets {
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

const EMPTY = new Uint8Array(0)
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

  private constructor(
    suite: CipherSuite,
    leafWidth: number,
    nodes: Map<number, Uint8Array>,
    ratchets: Map<number, LeafRatchets>,
    isRetired: boolean,
  ) {
    this.#suite = suite
    this.#leafWidth = leafWidth
    this.#nodes = nodes
    this.#ratchets = ratchets
    this.#isRetired = isRetired
  }

  /** The tree over as many leaves as the ratchet tree has. Takes ownership of `encryptionSecret`. */
  static create(suite: CipherSuite, encryptionSecret: Uint8Array, leafCount: number): SecretTree {
    const leafWidth = fullWidth(leafCount)
    return new SecretTree(suite, leafWidth, new Map([[rootOf(leafWidth), encryptionSecret]]), new Map(), false)
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
    for (const secret of this.#nodes.values()) secret.fill(0)
    for (const ratchets of this.#ratchets.values()) zeroRatchets(ratchets)
    this.#nodes.clear()
    this.#ratchets.clear()
  }

  /** Writes the state, secrets included; see {@link readSecretTree}. */
  write(writer: Writer): void {
    writer.uint8(this.#isRetired ? 1 : 0).uint32(this.#leafWidth)
    writer.list([...this.#nodes], (inner, [nodeIndex, secret]) => inner.uint32(nodeIndex).vector(secret))
    writer.list([...this.#ratchets], (inner, [leafIndex, { handshake, application }]) => {
      inner.uint32(leafIndex).optional(handshake, (item, ratchet) => ratchet.write(item))
      application.write(inner)
    })
  }

  /** Reads what {@link write} wrote. Copies. @throws DecodeError */
  static read(suite: CipherSuite, reader: Reader): SecretTree {
    const start = reader.offset
    const isRetired = reader.uint8()
    const leafWidth = reader.uint32()
    if (isRetired > 1) throw new DecodeError("reserved_value", start)
    if (leafWidth < 1 || leafWidth > LEAVES_MAX || fullWidth(leafWidth) !== leafWidth) {
      throw new DecodeError("bad_value", start)
    }
    const nodes = readList(reader, (inner) => [inner.uint32(), inner.vector().slice()] as const)
    const ratchets = readList(reader, (inner) => {
      const leafIndex = inner.uint32()
      const handshake = readOptional(inner, (item) => readRatchet(suite, item))
      return [leafIndex, { handshake, application: readRatchet(suite, inner) }] as const
    })
    return new SecretTree(suite, leafWidth, new Map(nodes), new Map(ratchets), isRetired === 1)
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
    for (const [nodeIndex, secret] of siblings) this.#nodes.set(nodeIndex, secret)
    this.#ratchets.set(leafIndex, ratchets)
  }

  #derive(secret: Uint8Array, label: string, context: Uint8Array): Uint8Array {
    return expandWithLabel(this.#suite, secret, label, context, this.#suite.sizes.hashBytes)
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
