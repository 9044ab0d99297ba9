import { suite0001 } from "@qpc/crypto/node"
import type { Outgoing } from "@qpc/group"
import { RpcError } from "@qpc/rpc"
import { Delivery, InboxNotifier, MemoryStorage, systemServerClock, toConfiguration } from "@qpc/server"
import { toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"

/** What became of one message. `refused` is for good. */
export type Answer =
  | { readonly kind: "accepted" }
  | { readonly kind: "epoch_conflict"; readonly missedCommits: readonly Uint8Array[] }
  | { readonly kind: "refused" }

/** The server's own delivery on its memory store: everything of a server but accounts, connections and time. */
export class DeliveryService {
  /** Whose claims were accepted, by the epoch that they leave. */
  readonly winners = new Map<bigint, IdentityKey[]>()
  readonly #storage = new MemoryStorage()
  readonly #delivery: Delivery
  readonly #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
    this.#delivery = new Delivery({
      storage: this.#storage,
      notifier: new InboxNotifier(),
      clock: { ...systemServerClock, unixMs: () => nowMs },
      limits: toConfiguration({}).limits,
      observe: () => undefined,
      suite: suite0001,
      key: suite0001.signatureKeyPair(new Uint8Array(suite0001.sizes.signatureSeedBytes)),
    })
  }

  async enrol(identityKey: IdentityKey): Promise<void> {
    const name = toHex(identityKey)
    const account = { username: name, usernameKey: name, identityKey, opaqueRecord: new Uint8Array(0) }
    await this.#storage.createAccount({ ...account, createdAtMs: this.#nowMs })
  }

  async offer(sender: IdentityKey, { messageId, groupId, deliveries, claim }: Outgoing): Promise<Answer> {
    try {
      const outcome = await this.#delivery.enqueue(sender, {
        messageId,
        channelId: groupId,
        deliveries: deliveries.map(({ recipients, envelope }) => ({ recipientKeys: recipients, payload: envelope })),
        ttlSecs: 0,
        claim: claim && { ...claim, authenticatorHash: new Uint8Array(0) },
        partial: claim === undefined,
      })
      if (outcome.kind !== "accepted") return outcome
      if (claim !== undefined && !outcome.duplicate) {
        this.winners.set(claim.epoch, [...(this.winners.get(claim.epoch) ?? []), sender])
      }
      return { kind: "accepted" }
    } catch (error) {
      if (error instanceof RpcError && !error.retryable) return { kind: "refused" }
      throw error
    }
  }

  /** True if something waits in an inbox. */
  async hasMail(inbox: IdentityKey): Promise<boolean> {
    return (await this.#delivery.peek(inbox, { afterSeq: 0, limit: 1 })).envelopes.length > 0
  }

  /** Takes the next envelope out of an inbox; `undefined` if there is none. */
  async take(inbox: IdentityKey): Promise<Uint8Array | undefined> {
    const { envelopes } = await this.#delivery.peek(inbox, { afterSeq: 0, limit: 1 })
    const [next] = envelopes
    if (next === undefined) return undefined
    await this.#delivery.acknowledge(inbox, next.seq)
    return next.payload
  }
}
