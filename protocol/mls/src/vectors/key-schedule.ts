import type { CipherSuite } from "@qpc/crypto"
import { fromHex } from "@qpc/wire"
import { makeGroupContext } from "../group-context.ts"
import {
  epochSecrets,
  exportSecret,
  externalPublicKey,
  joinerSecret,
  memberSecret,
  welcomeSecret,
} from "../key-schedule.ts"
import type { EpochSecrets } from "../key-schedule.ts"
import { expectHex } from "./expect.ts"

type Fields<Names extends string> = Readonly<Record<Names, string>>

/** An epoch of key-schedule.json. */
type KeyScheduleEpoch = Fields<
  | "tree_hash"
  | "commit_secret"
  | "psk_secret"
  | "confirmed_transcript_hash"
  | "group_context"
  | "joiner_secret"
  | "welcome_secret"
  | "init_secret"
  | "sender_data_secret"
  | "encryption_secret"
  | "exporter_secret"
  | "epoch_authenticator"
  | "external_secret"
  | "confirmation_key"
  | "membership_key"
  | "resumption_psk"
  | "external_pub"
> & {
  readonly exporter: {
    readonly label: string
    readonly context: string
    readonly length: number
    readonly secret: string
  }
}

/** A case of key-schedule.json. */
export interface KeyScheduleCase {
  readonly cipher_suite: number
  readonly group_id: string
  readonly initial_init_secret: string
  readonly epochs: readonly KeyScheduleEpoch[]
}

/** RFC 9420 §8, §8.1, §8.3, §8.5: the secrets of successive epochs. */
export function checkKeySchedule(vector: KeyScheduleCase, suite: CipherSuite): void {
  let initSecret = fromHex(vector.initial_init_secret)
  for (const [at, epoch] of vector.epochs.entries()) {
    const context = makeGroupContext({
      cipherSuite: suite.id,
      groupId: fromHex(vector.group_id),
      epoch: BigInt(at),
      treeHash: fromHex(epoch.tree_hash),
      confirmedTranscriptHash: fromHex(epoch.confirmed_transcript_hash),
      extensions: [],
    })
    expectHex("group context", context.encoded, epoch.group_context)
    const joiner = joinerSecret(suite, initSecret, fromHex(epoch.commit_secret), context)
    expectHex("joiner secret", joiner, epoch.joiner_secret)
    const member = memberSecret(suite, joiner, fromHex(epoch.psk_secret))
    expectHex("welcome secret", welcomeSecret(suite, member), epoch.welcome_secret)
    const secrets = epochSecrets(suite, member, context)
    checkSecrets(suite, secrets, epoch)
    initSecret = secrets.initSecret
  }
}

function checkSecrets(suite: CipherSuite, secrets: EpochSecrets, expected: KeyScheduleEpoch): void {
  expectHex("init secret", secrets.initSecret, expected.init_secret)
  expectHex("sender data secret", secrets.senderDataSecret, expected.sender_data_secret)
  expectHex("encryption secret", secrets.encryptionSecret, expected.encryption_secret)
  expectHex("exporter secret", secrets.exporterSecret, expected.exporter_secret)
  expectHex("epoch authenticator", secrets.epochAuthenticator, expected.epoch_authenticator)
  expectHex("external secret", secrets.externalSecret, expected.external_secret)
  expectHex("confirmation key", secrets.confirmationKey, expected.confirmation_key)
  expectHex("membership key", secrets.membershipKey, expected.membership_key)
  expectHex("resumption PSK", secrets.resumptionPsk, expected.resumption_psk)
  expectHex("external public key", externalPublicKey(suite, secrets.externalSecret), expected.external_pub)
  const { label, context, length, secret } = expected.exporter
  const exported = exportSecret(suite, secrets.exporterSecret, label, fromHex(context), length)
  expectHex("exported secret", exported, secret)
}
