import { platform } from "#platform"
import type { SFrameCipher } from "@qpc/crypto"
import { baseKeyExport, SFrameSession } from "@qpc/sframe"
import type { MlsMember } from "./mls-member.ts"

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
const CONTEXT_BYTES = 4

/**
 * The one session that a member encrypts with under a label and suite in this epoch: however many handles there are, they share its
 * counter. Those of the epoch before are gone with it.
 *
 * The published stack has context 0. A state that was restored has another, drawn: nobody knows what was counted before.
 */
export function sendingSession({ member, label, cipher }: SendingKey): SFrameSession {
  const { sessions } = sendersOf(member)
  const name = `${cipher.id}/${label}`
  const known = sessions.get(name)
  if (known !== undefined) return known
  const context = member.isRestored ? drawContext() : 0n
  const session = new SFrameSession({ cipher, context })
  enterEpoch(session, { member, label, cipher }, member.ownLeafIndex)
  sessions.set(name, session)
  return session
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

/** Not 0, which is that of states that were not restored. */
function drawContext(): bigint {
  const drawn = platform.random(CONTEXT_BYTES)
  return BigInt(new DataView(drawn.buffer, drawn.byteOffset, CONTEXT_BYTES).getUint32(0) | 1) & 0xffff_ffffn
}
