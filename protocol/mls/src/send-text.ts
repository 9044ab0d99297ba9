import { speakerOf } from "./create-commit.ts"
import { assertMayEncrypt, countMessage } from "./epoch-usage.ts"
import type { ProtectOptions } from "./group-options.ts"
import type { GroupState } from "./group-state.ts"
import { assertReserved } from "./reservation.ts"
import { send } from "./send.ts"

/**
 * Seals an application message of the current epoch (RFC 9420 §6.3).
 *
 * @throws TypeError while proposals wait for a commit (RFC 9420 §12.4), or where generations have to be reserved first
 * @throws EncryptionLimitError once the epoch has encrypted what it may
 */
export function sendText(state: GroupState, plaintext: Uint8Array, options: ProtectOptions): Uint8Array {
  if (state.queue.size > 0) throw new TypeError("proposals of this epoch must be committed first")
  assertReserved(state, "application")
  assertMayEncrypt(state, plaintext.length)
  const message = send(speakerOf(state), "private_message", { kind: "application", data: plaintext }, options)
  countMessage(state, message.length)
  return message
}
