import type { CipherSuite, KeyPair } from "@qpc/crypto"
import {
  createMember,
  createServerlessMember,
  joinMember,
  joinServerlessMember,
  memberFromBytes,
  serverlessMemberFromBytes,
} from "@qpc/group"
import type {
  BranchView,
  Content,
  KeyPackageBundle,
  Member,
  Outgoing,
  ServerlessEvent,
  ServerlessMember,
  ServerlessStep,
  Step as GroupStep,
} from "@qpc/group"
import type { GroupId, MessageId, Random } from "@qpc/wire"

/** Who orders commits: nobody, or a delivery service that takes the first of an epoch. */
export type Mode = "serverless" | "ordered"

/** A message that a member made. */
export interface Made {
  readonly messageId: MessageId
  readonly deliveries: Outgoing["deliveries"]
  readonly isCommit: boolean
  /** The epoch that a commit leaves. */
  readonly leaves: bigint | undefined
}

/** What became of a call to a participant. */
export interface Result {
  readonly made: readonly Made[]
  readonly events: readonly ServerlessEvent[]
}

/** What both kinds of members show of themselves. */
type Shown = Pick<Member, "groupId" | "epoch" | "name" | "settings" | "isActive" | "epochAuthenticator" | "members">

/** One member of one group, whoever orders. */
export interface Participant {
  readonly shown: Shown
  /** Intents without an end, and envelopes that wait for a commit. */
  openWork(): number
  /** `undefined` where somebody orders: there are no branches. */
  branches(): BranchView | undefined
  send(content: Content, nowMs: number): Result
  receive(envelopes: readonly Uint8Array[], nowMs: number): Result
  tick(nowMs: number): Result
  /** The network took a commit. */
  accepted(made: Made, nowMs: number): Result
  /** The network took a commit of somebody else for this epoch. */
  refused(made: Made, nowMs: number): Result
  /** Nobody took a commit. */
  unreachable(made: Made, nowMs: number): Result
  /** What wakes up from what is stored. */
  restarted(): Participant
}

/** What a participant lives in. */
export interface Surroundings {
  readonly suite: CipherSuite
  /** The key of a first device, which is the person's too. */
  readonly device: KeyPair
  readonly random: Random
}

/** How a group begins. */
export interface Founding {
  readonly groupId: GroupId
  readonly name: string
  readonly roles: ReadonlyMap<number, number>
  readonly nowMs: number
}

/** Starts a group of one. */
export function found(mode: Mode, surroundings: Surroundings, founding: Founding): Participant {
  const options = { ...surroundings, ...founding }
  if (mode === "ordered") return ordered(createMember({ ...options, limits: NO_UPKEEP }), surroundings)
  return serverless(createServerlessMember(options), surroundings)
}

/** Enters the group of a Welcome; `undefined` if it is none for us. */
export function enter(
  mode: Mode,
  surroundings: Surroundings,
  invitation: { readonly envelope: Uint8Array; readonly bundles: readonly KeyPackageBundle[]; readonly nowMs: number },
): { readonly participant: Participant; readonly usedKeyPackageRef: Uint8Array } | undefined {
  const options = { ...surroundings, ...invitation }
  if (mode === "ordered") {
    const joined = joinMember({ ...options, limits: NO_UPKEEP })
    if (joined.kind === "rejected") return undefined
    return { participant: ordered(joined.member, surroundings), usedKeyPackageRef: joined.usedKeyPackageRef }
  }
  const joined = joinServerlessMember(options)
  if (joined.kind === "rejected") return undefined
  return { participant: serverless(joined.member, surroundings), usedKeyPackageRef: joined.usedKeyPackageRef }
}

/** The scenarios count commits; none must come of itself. */
const NO_UPKEEP = { updateKeysAfterMs: 0, warmEveryMs: 0 } as const

function serverless(member: ServerlessMember, surroundings: Surroundings): Participant {
  return {
    shown: member,
    openWork: () => member.openIntentCount + member.branches().waitingEnvelopes,
    branches: () => member.branches(),
    send: (content, nowMs) => serverlessResult(member.send(content, nowMs)),
    receive: (envelopes, nowMs) => serverlessResult(member.receive(envelopes, nowMs)),
    tick: (nowMs) => serverlessResult(member.tick(nowMs)),
    accepted: ({ messageId }, nowMs) => serverlessResult(member.published(messageId, nowMs)),
    refused: () => ({ made: [], events: [] }),
    unreachable: ({ messageId }, nowMs) => serverlessResult(member.abandon(messageId, nowMs)),
    restarted() {
      const { suite } = surroundings
      const woken = serverlessMemberFromBytes(suite, member.toBytes(), surroundings)
      member[Symbol.dispose]()
      return serverless(woken, surroundings)
    },
  }
}

function ordered(member: Member, surroundings: Surroundings): Participant {
  return {
    shown: member,
    openWork: () => member.openIntentCount,
    branches: () => undefined,
    send: (content, nowMs) => orderedResult(member.send(content, nowMs)),
    receive: (envelopes, nowMs) => inOne(envelopes.map((envelope) => orderedResult(member.receive(envelope, nowMs)))),
    tick: (nowMs) => orderedResult(member.tick(nowMs)),
    // The author's echo is what counts.
    accepted: ({ deliveries }, nowMs) => orderedResult(member.receive(deliveries[0]!.envelope, nowMs)),
    refused: ({ messageId }, nowMs) => orderedResult(member.conflict(messageId, nowMs)),
    unreachable: ({ messageId }, nowMs) => orderedResult(member.abandon(messageId, nowMs)),
    restarted() {
      const { suite } = surroundings
      const woken = memberFromBytes(suite, member.toBytes(), { ...surroundings, limits: NO_UPKEEP })
      member[Symbol.dispose]()
      return ordered(woken, surroundings)
    },
  }
}

function serverlessResult({ outgoing, events }: ServerlessStep): Result {
  const made = outgoing.map(({ messageId, deliveries, isCommit }) => ({
    messageId,
    deliveries,
    isCommit,
    leaves: undefined,
  }))
  return { made, events }
}

function orderedResult({ outgoing, events }: GroupStep): Result {
  const made = outgoing.map(({ messageId, deliveries, claim }) => {
    return { messageId, deliveries, isCommit: claim !== undefined, leaves: claim?.epoch }
  })
  return { made, events }
}

function inOne(results: readonly Result[]): Result {
  return { made: results.flatMap(({ made }) => made), events: results.flatMap(({ events }) => events) }
}
