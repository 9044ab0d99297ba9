import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { commitHash, decodeEnvelope, encodeEnvelope, firstLogHead, nextLogHead, signLogHead } from "@qpc/envelope"
import type { LogEntry, LogHead, SignedLogHead } from "@qpc/envelope"
import { toHex } from "@qpc/wire"
import type { EpochLogOptions } from "../follow-log.ts"
import type { Outgoing } from "../step.ts"

/** The log of epochs as a delivery service keeps it, for tests: honest, as long as nobody asks for a fork of it. */
export class SigningLog {
  readonly #suite: CipherSuite
  readonly #key: KeyPair
  readonly #heads: Map<string, LogHead>
  /** The time of the next entry, which passes with each. */
  nowMs = 1_800_000_000_000

  constructor(suite: CipherSuite, seed = 1, heads: ReadonlyMap<string, LogHead> = new Map()) {
    this.#suite = suite
    this.#key = suite.signatureKeyPair(new Uint8Array(suite.sizes.signatureSeedBytes).fill(seed))
    this.#heads = new Map(heads)
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey
  }

  /** What a member needs in order to follow. */
  get options(): EpochLogOptions {
    return { crypto: this.#suite, serverKey: () => this.#key.publicKey }
  }

  /** Another log with the same past and another key, or the same one: a second face. */
  fork(seed = 1): SigningLog {
    return new SigningLog(this.#suite, seed, this.#heads)
  }

  /** Signs whatever it is asked to. */
  sign(head: LogHead): SignedLogHead {
    return signLogHead(this.#suite, this.#key.privateKey, head)
  }

  /** Accepts a commit. @param change - what the entry says that it should not */
  label(outgoing: Outgoing, change: Partial<LogEntry> = {}): Outgoing {
    const { claim, groupId } = outgoing
    const commit = outgoing.deliveries
      .map(({ envelope }) => decodeEnvelope(envelope))
      .find(({ kind }) => kind === "commit")
    if (claim === undefined || commit === undefined) throw new Error("only commits are logged")
    const before = this.#heads.get(toHex(groupId)) ?? firstLogHead(this.#suite, groupId, claim.epoch)
    const { authenticatorHash } = claim
    const stated = { commitHash: commitHash(this.#suite, commit), authenticatorHash, acceptedAtMs: this.nowMs++ }
    const entry = { ...stated, ...change }
    const next = nextLogHead(this.#suite, before, entry)
    this.#heads.set(toHex(groupId), next)
    const { hash, signature } = this.sign(next)
    const deliveries = outgoing.deliveries.map(({ recipients, envelope }) => {
      const plain = decodeEnvelope(envelope)
      const told = { authenticatorHash: entry.authenticatorHash, acceptedAtMs: entry.acceptedAtMs }
      const log = { hash, signature, ...(plain.kind === "commit" && { entry: told }) }
      return { recipients, envelope: encodeEnvelope({ ...plain, log }) }
    })
    return { ...outgoing, deliveries }
  }
}
