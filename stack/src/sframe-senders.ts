import { platform } from "#platform"
import type { SFrameCipher } from "@qpc/crypto"
import { baseKeyExport, SFrameLimitError, SFrameSession } from "@qpc/sframe"
import type { MemberRun } from "./member-run.ts"
import type { MlsMember } from "./mls-member.ts"
import { refusedFrame, StackError } from "./stack-error.ts"

/** What a member encrypts media with: of which epoch, and how. */
export interface SendingKey {
  readonly member: MlsMember
  readonly label: string
  readonly cipher: SFrameCipher
}

/** The sessions that a member encrypts with in one epoch. */
interface EpochSenders extends Disposable {
  readonly epoch: bigint
  readonly sessions: Map<string, SFrameSession>
}

const senders = new WeakMap<MlsMember, EpochSenders>()
/** Restarts within one epoch that are told apart by their number alone. */
const RUNS = 2 ** 12 - 1
/** Below the run's number: whoever restores one state twice draws the same in one case of a million. */
const RANDOM_BITS = 20
const RANDOM_BYTES = 4

/**
 * The one session that a member encrypts with under a label and suite in this epoch: however many nodes and handles there are, they
 * share its counter. Those of the epoch before are gone with it.
 *
 * Its context is that of the member's run, so that counters begin anew after a restart under keys that no other run has.
 *
 * @throws StackError `state_not_stored`, `removed`
 */
export function sendingSession({ member, label, cipher }: SendingKey): SFrameSession {
  assertStored(member.run)
  const { sessions } = sendersOf(member)
  const name = `${cipher.id}/${label}`
  const known = sessions.get(name)
  if (known !== undefined) return known
  const session = new SFrameSession({ cipher, context: contextOf(member.run) })
  enterEpoch(session, { member, label, cipher }, member.ownLeafIndex)
  sessions.set(name, session)
  return session
}

/** A frame of the session. @throws StackError `epoch_exhausted` */
export function sealWith(session: SFrameSession, plaintext: Uint8Array, metadata: Uint8Array): Uint8Array {
  try {
    return session.seal(plaintext, metadata)
  } catch (error) {
    if (error instanceof SFrameLimitError) throw refusedFrame("epoch_exhausted")
    throw error
  }
}

/** Puts a new session into the epoch of the group. @param ownLeafIndex - `undefined` for one that only decrypts */
export function enterEpoch(session: SFrameSession, { member, label }: SendingKey, ownLeafIndex?: number): void {
  const { epoch } = member
  const { label: name, context, lengthBytes } = baseKeyExport(epoch, label)
  const baseKey = member.exportSecret(name, context, lengthBytes)
  const leaves = new Set(member.members().map(({ leafIndex }) => leafIndex))
  session.enterEpoch({ epoch, baseKey, ownLeafIndex, isMember: (leafIndex) => leaves.has(leafIndex) }, 0)
}

function sendersOf(member: MlsMember): EpochSenders {
  const known = senders.get(member)
  if (known?.epoch === member.epoch) return known
  const sessions = new Map<string, SFrameSession>()
  const made = {
    epoch: member.epoch,
    sessions,
    [Symbol.dispose]: () => {
      for (const session of sessions.values()) session[Symbol.dispose]()
      sessions.clear()
    },
  }
  senders.set(member, made)
  member.holdMediaKeys(made)
  return made
}

/** Without this check a crash before the next `exportState` would be followed by a run with the same number. */
function assertStored(run: MemberRun): void {
  if (run.isStored) return
  const message =
    "this MLS context was restored and has not been stored since: store its exportState() once before media are sent"
  throw new StackError("state_not_stored", message)
}

/** 0 for members that were never restored, as the published stack has it; else the number of the run and random bits. */
function contextOf({ number }: MemberRun): bigint {
  if (number === 0) return 0n
  const drawn = platform.random(RANDOM_BYTES)
  const random = new DataView(drawn.buffer, drawn.byteOffset, RANDOM_BYTES).getUint32(0) >>> (32 - RANDOM_BITS)
  return (BigInt(1 + ((number - 1) % RUNS)) << BigInt(RANDOM_BITS)) | BigInt(random)
}
