import type { GroupState } from "../group-state.ts"
import { decodeSenderData, senderDataAad } from "../private-message.ts"
import type { PrivateMessage } from "../private-message.ts"
import { senderDataKeys } from "../sender-data.ts"

/** The generation that a private message was sealed with, as any member can see it. For tests only. */
export function generationOf({ suite, epoch }: GroupState, message: PrivateMessage): number {
  const { key, nonce } = senderDataKeys(suite, epoch.secrets.senderDataSecret, message.ciphertext)
  const opened = suite.aeadOpen(key, nonce, senderDataAad(message), message.encryptedSenderData)
  if (opened === undefined) throw new Error("the sender data does not open")
  return decodeSenderData(opened).generation
}
