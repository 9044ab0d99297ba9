import { EXTENSION_TYPES } from "../extension.ts"
import { signGroupInfo } from "../group-info.ts"
import type { GroupInfo } from "../group-info.ts"
import type { KeyPackageBundle } from "../key-package-bundle.ts"
import { memberSecret, welcomeSecret } from "../key-schedule.ts"
import { encodeMlsMessage } from "../mls-message.ts"
import type { RatchetTree } from "../ratchet-tree.ts"
import { encodeRatchetTree } from "../tree-codec.ts"
import { sealGroupInfo, groupSecretsInfo, sealGroupSecrets } from "../welcome.ts"
import type { GroupSecrets } from "../welcome.ts"
import type { Party } from "./party.ts"

/** What a malicious member puts into a Welcome instead of what belongs there. For tests only. */
export interface WelcomeForgery {
  readonly secrets?: Partial<GroupSecrets>
  readonly info?: Partial<Pick<GroupInfo, "groupContext" | "extensions" | "confirmationTag" | "signer">>
  readonly signaturePrivateKey?: Uint8Array
  readonly welcomeKey?: Uint8Array
  /** In place of the group's tree; the group context is left as it is. */
  readonly tree?: RatchetTree
  readonly newMember?: Uint8Array
}

/** A Welcome of alice for a key package, with parts exchanged. For tests only. */
export function forgeWelcome(party: Party, bundle: KeyPackageBundle, forgery: WelcomeForgery): Uint8Array {
  const { suite, random } = party
  const { epoch, signaturePrivateKey } = party.insidesOf("alice")
  const extensionData = encodeRatchetTree(forgery.tree ?? epoch.tree)
  const info = signGroupInfo(suite, forgery.signaturePrivateKey ?? signaturePrivateKey, {
    groupContext: epoch.context,
    extensions: [{ extensionType: EXTENSION_TYPES.ratchetTree, extensionData }],
    confirmationTag: epoch.confirmationTag,
    signer: 0,
    ...forgery.info,
  })
  const joinerSecret = random(suite.sizes.hashBytes)
  const member = memberSecret(suite, joinerSecret, new Uint8Array(suite.sizes.hashBytes))
  const encryptedGroupInfo = sealGroupInfo(suite, forgery.welcomeKey ?? welcomeSecret(suite, member), info.encoded)
  const secrets = { joinerSecret, pathSecret: undefined, psks: [], ...forgery.secrets }
  const seed = random(suite.sizes.kemSeedBytes)
  const sealed = sealGroupSecrets(
    suite,
    bundle.decoded.initKey,
    groupSecretsInfo(suite, encryptedGroupInfo),
    secrets,
    seed,
  )
  if (sealed === undefined) throw new Error("not sealed")
  const recipient = { newMember: forgery.newMember ?? bundle.ref, encryptedGroupSecrets: sealed }
  const message = { cipherSuite: suite.id, secrets: [recipient], encryptedGroupInfo }
  return encodeMlsMessage({ kind: "welcome", message })
}
