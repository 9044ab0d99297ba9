import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { ENVELOPE_MAX_BYTES } from "@qpc/envelope"
import { Receiver, Sender } from "@qpc/gbp"
import type { FrameSurroundings } from "@qpc/gbp"
import { MessageReceiver } from "@qpc/gtp"
import type { Group } from "@qpc/mls"
import { toDeviceKey, toGroupId, toIdentityKey } from "@qpc/wire"
import type { DeviceKey, GroupId, IdentityKey, Random } from "@qpc/wire"
import { Deadlines } from "./deadlines.ts"
import { Departed } from "./departed.ts"
import type { EpochLogOptions } from "./follow-log.ts"
import { FormerSettings } from "./former-settings.ts"
import type { GroupOrigin } from "./group-origin.ts"
import type { GroupProfile } from "./group-profile.ts"
import { Heads } from "./heads.ts"
import { HeldTexts } from "./held-texts.ts"
import { Intents } from "./intents.ts"
import { Leaving } from "./leaving.ts"
import { Gaps } from "./gaps/gaps.ts"
import { KeptTexts } from "./gaps/kept-texts.ts"
import { OwnNumbers } from "./gaps/own-numbers.ts"
import { Redelivery } from "./gaps/redelivery.ts"
import { SealedNumbers } from "./gaps/sealed-numbers.ts"
import type { GroupLimits, ResolvedLimits } from "./limits.ts"
import { MlsKeys } from "./mls-keys.ts"
import { OwnCommits } from "./own-commits.ts"
import { Parked } from "./parked.ts"
import { Rejoins } from "./rejoin/rejoins.ts"
import { ReplacedGroups } from "./replaced-groups.ts"
import type { OnLayer } from "./trace.ts"

/** All that a member is made of. Owned by one member, changed by the functions of this package only. */
export interface MemberState extends Self {
  /** Of `group`. */
  suite: CipherSuite
  readonly groupId: GroupId
  /** As of the present epoch. */
  profile: GroupProfile
  readonly random: Random
  readonly limits: ResolvedLimits
  readonly onLayer: OnLayer | undefined
  /** `undefined` where nobody keeps a log of the group's epochs. */
  readonly epochLog: EpochLogOptions | undefined
  /**
   * The MLS group of today. Its epochs begin anew when another takes its place (`change-suite.ts`); those of which everybody
   * speaks are `keys.epoch`.
   */
  group: Group
  readonly keys: MlsKeys
  /** What it takes to follow into another suite; `undefined` where nobody can. */
  readonly suiteChange: SuiteChangeOptions | undefined
  /** Groups of other suites, which were before or may come. */
  readonly replaced: ReplacedGroups
  /** The layers that remember something; replaced only while a stored state is read. */
  sender: Sender
  receiver: Receiver
  messages: MessageReceiver
  departed: Departed
  formerSettings: FormerSettings
  intents: Intents
  parked: Parked
  deadlines: Deadlines
  ownCommits: OwnCommits
  leaving: Leaving
  heldTexts: HeldTexts
  heads: Heads
  rejoins: Rejoins
  ownNumbers: OwnNumbers
  sealedNumbers: SealedNumbers
  gaps: Gaps
  keptTexts: KeptTexts
  redelivery: Redelivery
  /** True where a delivery service orders the epochs: only there are texts counted. */
  isOrdered: boolean
  /** False once we are out: removed by somebody, or unable to follow the group. */
  isActive: boolean
}

/** What a member needs in order to leave its cipher suite. */
export interface SuiteChangeOptions {
  /** Those that we have. */
  readonly suites: readonly CipherSuite[]
  /** The key pair of this device, for our leaf in the next group. Borrowed. */
  readonly deviceKeys: KeyPair
}

/** Whose member this is. */
export interface Self {
  /** Who we are. */
  readonly self: IdentityKey
  /** Which of our devices this is. */
  readonly device: DeviceKey
}

/** What a new state is made of. */
export interface StateOptions extends Self {
  readonly suite: CipherSuite
  readonly profile: GroupProfile
  readonly group: Group
  readonly random: Random
  readonly limits: ResolvedLimits
  readonly onLayer: OnLayer | undefined
  readonly epochLog?: EpochLogOptions | undefined
  readonly suiteChange?: SuiteChangeOptions | undefined
  /** Under which everybody knows the group, and the epochs before `group`. Default: its own id, and none. */
  readonly origin?: GroupOrigin | undefined
}

/** Puts the layers on top of an MLS group, with nothing sent or received yet. Copies the keys. */
export function newState(options: StateOptions): MemberState {
  const { suite, profile, group, limits, random, onLayer, epochLog, suiteChange } = options
  const { groupId, epochsBefore } = options.origin ?? { groupId: toGroupId(group.groupId), epochsBefore: 0n }
  const replaced = new ReplacedGroups()
  const keys = new MlsKeys(group, epochsBefore, { random, onLayer, pastEpochs: limits.pastEpochs, replaced })
  const surroundings = frameSurroundings(groupId, keys, limits)
  return {
    suite,
    profile,
    group,
    limits,
    random,
    onLayer,
    epochLog,
    suiteChange,
    replaced,
    self: toIdentityKey(options.self.slice()),
    device: toDeviceKey(options.device.slice()),
    groupId,
    keys,
    sender: new Sender(surroundings, group.ownLeafIndex),
    receiver: new Receiver(surroundings),
    messages: new MessageReceiver(messageLimits(limits)),
    departed: new Departed(),
    formerSettings: new FormerSettings(),
    intents: new Intents(),
    parked: new Parked(limits),
    deadlines: new Deadlines(),
    ownCommits: new OwnCommits(),
    leaving: new Leaving(),
    heldTexts: new HeldTexts(),
    heads: new Heads(),
    rejoins: new Rejoins(),
    ownNumbers: new OwnNumbers(keys.epoch),
    sealedNumbers: new SealedNumbers(),
    gaps: new Gaps(),
    keptTexts: new KeptTexts(),
    redelivery: new Redelivery(),
    isOrdered: false,
    isActive: true,
  }
}

/** What the frames of a group stand on: its members are numbered by their leaves. */
export function frameSurroundings(groupId: GroupId, keys: MlsKeys, limits: ResolvedLimits): FrameSurroundings {
  const membership = { memberIdOf: (leafIndex: number): number => leafIndex, lastTransitionId: 0 }
  return { groupId, keys, membership, limits: { sizeBytes: limits.envelopeBytes } }
}

/** The bounds of the text layer. */
export function messageLimits(limits: ResolvedLimits): { readonly bodyBytes: number; readonly seenMessages: number } {
  return { bodyBytes: limits.textBytes, seenMessages: limits.seenMessages }
}

/** Fills in the defaults. @throws RangeError unless all are integers from 0 */
export function resolveLimits(limits: GroupLimits = {}): ResolvedLimits {
  const resolved: ResolvedLimits = { ...DEFAULT_LIMITS, ...limits }
  for (const [name, value] of Object.entries<number>(resolved)) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is not a limit: ${value}`)
  }
  return resolved
}

/** @throws RangeError for a name that no group may have */
export function assertName(name: string, { nameCharacters }: ResolvedLimits): void {
  if (name.length === 0 || name.length > nameCharacters || !name.isWellFormed()) {
    throw new RangeError(`a name has 1 to ${nameCharacters} characters, all well-formed`)
  }
}

const DEFAULT_LIMITS: ResolvedLimits = {
  textBytes: 256 * 1024,
  envelopeBytes: ENVELOPE_MAX_BYTES,
  members: 5000,
  nameCharacters: 256,
  queuedIntents: 64,
  heldTexts: 256,
  heldTextBytes: 4 * 1024 * 1024,
  leaveTurnMs: 10_000,
  leaveWaitMs: 24 * 3_600_000,
  rejoinRequestMs: 24 * 3_600_000,
  rejoinTurnMs: 10_000,
  rejoinAnswers: 32,
  rejoinsPerHour: 8,
  rejoiningDevices: 64,
  intentAttempts: 16,
  parkedEnvelopes: 64,
  parkedBytes: 4 * 1024 * 1024,
  parkedMs: 10 * 60_000,
  gapWaitMs: 30_000,
  gapAskMs: 30_000,
  gapAsks: 4,
  gapAnswerMs: 3 * 24 * 3_600_000,
  gapsPerSender: 32,
  reachableTexts: 128,
  openAsksPerSender: 16,
  openAsks: 64,
  rememberedNumbers: 256,
  keptTexts: 128,
  keptTextBytes: 256 * 1024,
  keptTextMs: 3 * 24 * 3_600_000,
  redeliveredTexts: 256,
  redeliveredBytes: 1024 * 1024,
  helpedMembers: 64,
  controlsPerEpoch: 64,
  seenMessages: 10_000,
  pastEpochs: 3,
  winnerMs: 30_000,
  headsKept: 16,
  updateKeysAfterMs: 30 * 24 * 3_600_000,
  updateSpacingMs: 15 * 60_000,
  warmEveryMs: 30_000,
  warmFromMembers: 32,
  warmCiphertextsPerLevel: 2,
}
