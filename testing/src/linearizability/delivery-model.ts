import type { Model } from "./check-history.ts"
import { QUEUE_DEPTH } from "./served.ts"

/** A call to the delivery of one channel. People are numbers, and so is what they write. */
export type DeliveryInput =
  | {
      readonly kind: "enqueue"
      readonly sender: number
      readonly id: number
      readonly recipients: readonly number[]
      readonly content: number
      readonly isPartial: boolean
    }
  /** A commit out of `epoch` to all of `recipients`, with `after` in the channel from then on. */
  | {
      readonly kind: "claim"
      readonly sender: number
      readonly id: number
      readonly recipients: readonly number[]
      readonly content: number
      readonly epoch: number
      readonly after: readonly number[]
    }
  | { readonly kind: "peek"; readonly inbox: number; readonly afterSeq: number }
  | { readonly kind: "ack"; readonly inbox: number; readonly seqUpTo: number }
  /** Asks how far the channel and the inbox are. */
  | { readonly kind: "standing"; readonly inbox: number }
  /** Asks for the commits from an epoch on. */
  | { readonly kind: "log"; readonly reader: number; readonly from: number }

type Batch = Extract<DeliveryInput, { kind: "enqueue" | "claim" }>

interface Mail {
  readonly seq: number
  readonly content: number
}

interface Inbox {
  readonly newestSeq: number
  /** Commits for which there was no room. */
  readonly leftOut: number
  readonly mail: readonly Mail[]
}

interface Remembered {
  readonly name: string
  readonly batch: Batch
  readonly skipped: readonly number[]
  /** Who had no room for it. */
  readonly full: readonly number[]
}

interface LoggedCommit {
  readonly epoch: number
  readonly content: number
}

interface Channel {
  readonly epoch: number
  readonly members: readonly number[]
  /** Who is out, and the first epoch without them. */
  readonly former: readonly { readonly person: number; readonly epoch: number }[]
  readonly commits: readonly LoggedCommit[]
}

/** All that the delivery of one channel knows. */
export interface DeliveryState {
  readonly inboxes: readonly Inbox[]
  readonly channel: Channel | undefined
  readonly remembered: readonly Remembered[]
}

/** What delivery promises (`delivery.proto`), one call after the other, in plain lists; nothing expires. */
export function deliveryModel(people: number): Model<DeliveryState, DeliveryInput> {
  const inboxes = Array.from({ length: people }, () => ({ newestSeq: 0, leftOut: 0, mail: [] }))
  return {
    initial: { inboxes, channel: undefined, remembered: [] },
    step,
    nameOf: (state) => JSON.stringify(state),
  }
}

/** In the words of the model: what a batch came to. */
export const acceptedAs = (answer: {
  readonly isDuplicate: boolean
  readonly skipped: readonly number[]
  readonly full: readonly number[]
}): string => {
  const [skipped, full] = [answer.skipped, answer.full].map((people) => people.toSorted((a, b) => a - b).join(" "))
  return `${answer.isDuplicate ? "accepted before" : "accepted"}, skipped ${skipped}, full ${full}`
}

/** In the words of the model: what an inbox holds. */
export const mailAs = (mail: readonly Mail[]): string => mail.map(({ seq, content }) => `${seq}: ${content}`).join(", ")

/** In the words of the model: that another commit was first. */
export const conflictAs = (epoch: number, missed: readonly number[]): string =>
  `conflict in ${epoch}, missed ${missed.join(" ")}`

/** In the words of the model: how far the channel and an inbox are. */
export const standingAs = (epoch: number | undefined, newestSeq: number, leftOut: number): string =>
  `epoch ${epoch ?? "unknown"}, newest ${newestSeq}, left out ${leftOut}`

/** In the words of the model: commits out of the epochs before `newestEpoch`. */
export const logAs = (commits: readonly LoggedCommit[], newestEpoch: number): string =>
  `${commits.map(({ epoch, content }) => `${epoch}: ${content}`).join(", ")}, to ${newestEpoch}`

function step(state: DeliveryState, input: DeliveryInput): readonly [DeliveryState, string] {
  switch (input.kind) {
    case "peek":
      return [state, mailAs(state.inboxes[input.inbox]!.mail.filter(({ seq }) => seq > input.afterSeq))]
    case "ack": {
      const inbox = state.inboxes[input.inbox]!
      if (input.seqUpTo > inbox.newestSeq) return [state, "refused: ack_ahead"]
      const mail = inbox.mail.filter(({ seq }) => seq > input.seqUpTo)
      const inboxes = state.inboxes.map((one) => (one === inbox ? { ...inbox, mail } : one))
      return [{ ...state, inboxes }, `${mail.length} left`]
    }
    case "standing": {
      const { newestSeq, leftOut } = state.inboxes[input.inbox]!
      return [state, standingAs(epochFor(state.channel, input.inbox), newestSeq, leftOut)]
    }
    case "log": {
      const newestEpoch = epochFor(state.channel, input.reader)
      if (newestEpoch === undefined) return [state, "refused: not_a_member"]
      const commits = state.channel!.commits.filter(({ epoch }) => epoch >= input.from && epoch < newestEpoch)
      return [state, logAs(commits, newestEpoch)]
    }
    case "enqueue":
    case "claim":
      return stepBatch(state, input)
  }
}

/** The epoch up to which somebody may know the channel; `undefined` if they were never in it. */
function epochFor(channel: Channel | undefined, person: number): number | undefined {
  if (channel?.members.includes(person) === true) return channel.epoch
  return channel?.former.find((one) => one.person === person)?.epoch
}

function stepBatch(state: DeliveryState, batch: Batch): readonly [DeliveryState, string] {
  const { sender, id } = batch
  const name = `${sender} ${id}`
  const earlier = state.remembered.find((one) => one.name === name)
  if (earlier !== undefined) return stepAgain(state, batch, earlier)
  const refusal = refusalOf(state.channel, batch)
  if (refusal !== undefined) return [state, refusal]
  // Whoever has not got an earlier partial message gets no later one before it.
  const behind = state.remembered.filter((one) => one.batch.sender === sender).flatMap(({ full }) => full)
  const delivered = deliver(state, batch, batch.recipients, behind)
  if (delivered === undefined) return [state, "refused: inbox_full"]
  const { skipped, full, inboxes } = delivered
  const remembered = [...state.remembered, { name, batch, skipped, full }]
  const channel = batch.kind === "claim" ? channelAfter(state.channel, batch) : state.channel
  return [{ inboxes, channel, remembered }, acceptedAs({ isDuplicate: false, skipped, full })]
}

function stepAgain(state: DeliveryState, batch: Batch, earlier: Remembered): readonly [DeliveryState, string] {
  if (said(earlier.batch) !== said(batch)) return [state, "refused: message_id_reused"]
  const { skipped, full } = earlier
  const isTriedAgain = isPartial(batch) && full.length > 0 && refusalOf(state.channel, batch) === undefined
  if (!isTriedAgain) return [state, acceptedAs({ isDuplicate: true, skipped, full })]
  const delivered = deliver(state, batch, full, [])
  if (delivered === undefined) throw new Error("unreachable: a partial batch is accepted")
  const again = { ...earlier, full: delivered.full }
  const remembered = state.remembered.map((one) => (one === earlier ? again : one))
  return [{ ...state, inboxes: delivered.inboxes, remembered }, acceptedAs({ ...again, isDuplicate: true })]
}

const isPartial = (batch: Batch): boolean => batch.kind === "enqueue" && batch.isPartial

/** What a message id stands for. */
function said(batch: Batch): string {
  const { recipients, content } = batch
  return JSON.stringify([recipients, content, batch.kind === "claim" ? [batch.epoch, batch.after] : undefined])
}

function refusalOf(channel: Channel | undefined, batch: Batch): string | undefined {
  if (channel === undefined) return batch.kind === "claim" ? undefined : "refused: not_a_member"
  if (!channel.members.includes(batch.sender)) return "refused: not_a_member"
  if (batch.kind === "enqueue" || batch.epoch === channel.epoch) return undefined
  if (batch.epoch > channel.epoch) return "refused: epoch_ahead"
  const missed = channel.commits.filter(({ epoch }) => epoch >= batch.epoch)
  return conflictAs(
    channel.epoch,
    missed.map(({ content }) => content),
  )
}

/** `undefined` if somebody has no room for a batch that reaches all or nobody. */
function deliver(
  { channel, inboxes }: DeliveryState,
  batch: Batch,
  recipients: readonly number[],
  behind: readonly number[],
): { readonly skipped: number[]; readonly full: number[]; readonly inboxes: readonly Inbox[] } | undefined {
  const after = batch.kind === "claim" ? batch.after : undefined
  const allowed = new Set([...(channel?.members ?? [batch.sender]), ...(after ?? [])])
  const skipped = recipients.filter((one) => !allowed.has(one))
  const reached = recipients.filter((one) => allowed.has(one))
  const isFull = (one: number): boolean =>
    inboxes[one]!.mail.length >= QUEUE_DEPTH || (isPartial(batch) && behind.includes(one))
  const full = reached.filter(isFull)
  // A commit goes past a full inbox: its owner finds it in the log.
  if (full.length > 0 && batch.kind === "enqueue" && !batch.isPartial) return undefined
  const filled = inboxes.map((inbox, one) => {
    if (!reached.includes(one)) return inbox
    if (full.includes(one)) return batch.kind === "claim" ? { ...inbox, leftOut: inbox.leftOut + 1 } : inbox
    const seq = inbox.newestSeq + 1
    return { ...inbox, newestSeq: seq, mail: [...inbox.mail, { seq, content: batch.content }] }
  })
  return { skipped, full: batch.kind === "claim" ? [] : full, inboxes: filled }
}

function channelAfter(channel: Channel | undefined, batch: Extract<Batch, { kind: "claim" }>): Channel {
  const { epoch, after, content } = batch
  const gone = (channel?.members ?? []).filter((person) => !after.includes(person))
  const former = [...(channel?.former ?? []), ...gone.map((person) => ({ person, epoch: epoch + 1 }))]
  return {
    epoch: epoch + 1,
    members: after,
    former: former.filter(({ person }) => !after.includes(person)),
    commits: [...(channel?.commits ?? []), { epoch, content }],
  }
}
