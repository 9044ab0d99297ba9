import { encodeEnvelope, receiveEnvelope } from "@qpc/envelope"
import { methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import { equalBytes, toGroupId, toHex, toMessageId } from "@qpc/wire"
import type { GroupId, IdentityKey } from "@qpc/wire"
import type { Prng } from "../simulate/prng.ts"
import type { Call } from "./check-history.ts"
import { acceptedAs, conflictAs, logAs, mailAs, standingAs } from "./delivery-model.ts"
import type { DeliveryInput } from "./delivery-model.ts"
import { recordHistory } from "./record-history.ts"
import type { Account, Served } from "./served.ts"

/** Who is in the channel. Their clients are four: the first person has two devices on one inbox. */
export const PEOPLE = 3
const CLIENTS = [0, 1, 2, 0]
const CALLS_OF_CLIENT = 4
const CUT_CHANCE = 0.12

/** What a history is about: mostly messages, or mostly commits. */
export type Topic = "messages" | "claims"

/** Lets four clients use one new channel at the same time. */
export async function recordDelivery(served: Served, topic: Topic, prng: Prng): Promise<Call<DeliveryInput>[]> {
  const accounts: Account[] = []
  for (let i = 0; i < PEOPLE; i++) accounts.push(await served.enrol(prng))
  const channelId = toGroupId(prng.bytes(16))
  const channel = new ChannelCalls(
    channelId,
    accounts.map(({ identityKey }) => identityKey),
  )
  const draw = new InputDraw(topic, prng.fork("inputs"))
  const all = [...Array(PEOPLE).keys()]
  const first: DeliveryInput = { kind: "claim", sender: 0, id: 0, recipients: [0], content: 0, epoch: 0, after: all }
  const perform = (rpc: RpcClient, input: DeliveryInput): Promise<string> => channel.perform(rpc, input)
  const scripts = CLIENTS.map((person) => ({
    account: accounts[person]!,
    inputs: Array.from({ length: CALLS_OF_CLIENT }, () => draw.input(person)),
  }))
  const calm = { served, perform, prng: prng.fork("opening"), cutChance: 0 }
  const opening = await recordHistory({ ...calm, scripts: [{ account: accounts[0]!, inputs: [first] }] })
  const rest = { ...calm, prng: prng.fork("rest"), cutChance: CUT_CHANCE, scripts }
  return [...opening, ...(await recordHistory({ ...rest, startsAt: 2 * opening.length }))]
}

/** Draws calls such that they get into each other's way. */
class InputDraw {
  readonly #topic: Topic
  readonly #prng: Prng
  #made = 0

  constructor(topic: Topic, prng: Prng) {
    this.#topic = topic
    this.#prng = prng
  }

  input(person: number): DeliveryInput {
    const prng = this.#prng
    const isClaim = prng.chance(this.#topic === "claims" ? 0.5 : 0.05)
    if (isClaim) return this.#claim(person)
    const isWrite = prng.chance(this.#topic === "messages" ? 0.5 : 0.3)
    if (isWrite) return this.#enqueue(person)
    return prng.pick<DeliveryInput>([
      { kind: "peek", inbox: person, afterSeq: prng.between(0, 2) },
      { kind: "peek", inbox: person, afterSeq: 0 },
      { kind: "ack", inbox: person, seqUpTo: prng.between(0, 4) },
      { kind: "ack", inbox: person, seqUpTo: prng.between(0, 4) },
      { kind: "standing", inbox: person },
      { kind: "log", reader: person, from: prng.between(0, 2) },
    ])
  }

  #enqueue(sender: number): DeliveryInput {
    const prng = this.#prng
    const content = ++this.#made
    // Rarely an id is used for two messages.
    const id = prng.chance(0.1) ? 1 : content
    return { kind: "enqueue", sender, id, recipients: this.#some(), content, isPartial: prng.chance(0.5) }
  }

  #claim(sender: number): DeliveryInput {
    const prng = this.#prng
    const content = ++this.#made
    const after = prng.chance(0.6) ? [...Array(PEOPLE).keys()] : this.#some()
    const recipients = [...Array(PEOPLE).keys()]
    return { kind: "claim", sender, id: content, recipients, content, epoch: prng.between(1, 3), after }
  }

  #some(): number[] {
    const chosen = [...Array(PEOPLE).keys()].filter(() => this.#prng.chance(0.7))
    return chosen.length > 0 ? chosen : [this.#prng.between(0, PEOPLE - 1)]
  }
}

/** Turns the model's numbers into calls about one channel, and answers back into the model's words. */
class ChannelCalls {
  readonly #channelId: GroupId
  readonly #keys: readonly IdentityKey[]

  constructor(channelId: GroupId, keys: readonly IdentityKey[]) {
    this.#channelId = channelId
    this.#keys = keys
  }

  async perform(rpc: RpcClient, input: DeliveryInput): Promise<string> {
    const channelId = this.#channelId
    if (input.kind === "standing") {
      const { epochs, newestSeq, commitsLeftOut } = await rpc.call(methods.fetchEpochs, { channelIds: [channelId] })
      const epoch = epochs[0] && Number(epochs[0].epoch)
      return standingAs(epoch, Number(newestSeq), Number(commitsLeftOut))
    }
    if (input.kind === "log") {
      const answer = await rpc.call(methods.fetchCommits, { channelId, fromEpoch: BigInt(input.from), limit: 0 })
      const commits = answer.commits.map(({ epoch, data }) => ({ epoch: Number(epoch), content: contentOf(data) }))
      return logAs(commits, Number(answer.newestEpoch))
    }
    if (input.kind === "peek") {
      const { envelopes } = await rpc.call(methods.peek, { afterSeq: BigInt(input.afterSeq), limit: 0 })
      return mailAs(envelopes.map(({ seq, data }) => ({ seq: Number(seq), content: contentOf(data) })))
    }
    if (input.kind === "ack") {
      const { remaining } = await rpc.call(methods.ack, { seqUpTo: BigInt(input.seqUpTo) })
      return `${remaining} left`
    }
    const { outcome } = await rpc.call(methods.batchEnqueue, this.#batch(input))
    if (outcome.case === "epochConflict") {
      return conflictAs(Number(outcome.value.currentEpoch), outcome.value.missedCommits.map(contentOf))
    }
    if (outcome.case !== "accepted") throw new Error("unreachable: an answer of a newer server")
    const { duplicate: isDuplicate, skippedKeys, fullKeys } = outcome.value
    return acceptedAs({ isDuplicate, skipped: this.#people(skippedKeys), full: this.#people(fullKeys) })
  }

  #batch(input: Extract<DeliveryInput, { kind: "enqueue" | "claim" }>) {
    const { id, recipients, content } = input
    const isClaim = input.kind === "claim"
    const epoch = isClaim ? BigInt(input.epoch) : 0n
    const kind = isClaim ? "commit" : "application"
    const payload = encodeEnvelope({ kind, groupId: this.#channelId, epoch, sealed: Uint8Array.of(content) })
    return {
      messageId: toMessageId(new Uint8Array(16).fill(id)),
      channelId: this.#channelId,
      deliveries: [{ recipientKeys: recipients.map((one) => this.#keys[one]!), payload }],
      partial: !isClaim && input.isPartial,
      ...(isClaim && { claim: { epoch, membersAfter: input.after.map((one) => this.#keys[one]!) } }),
    }
  }

  #people(keys: readonly Uint8Array[]): number[] {
    return keys.map((key) => {
      const person = this.#keys.findIndex((one) => equalBytes(one, key))
      if (person === -1) throw new Error(`unreachable: nobody here is ${toHex(key)}`)
      return person
    })
  }
}

function contentOf(payload: Uint8Array): number {
  const received = receiveEnvelope(payload)
  if (received.kind !== "envelope") throw new Error(`unreachable: ${received.reason}`)
  return received.envelope.sealed[0]!
}
