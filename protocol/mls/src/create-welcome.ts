import type { CipherSuite } from "@qpc/crypto"
import type { Random } from "@qpc/wire"
import { EXTENSION_TYPES } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { greaseExtension, withGrease } from "./grease.ts"
import type { GreaseUse } from "./grease.ts"
import { signGroupInfo } from "./group-info.ts"
import { keyPackageRef } from "./key-package.ts"
import type { OpenedEpoch } from "./next-epoch.ts"
import type { PreSharedKeyId } from "./psk-id.ts"
import type { ValidKeyPackage } from "./validate-key-package.ts"
import { groupSecretsInfo, sealGroupInfo, sealGroupSecrets } from "./welcome.ts"
import type { Welcome } from "./welcome.ts"

/** What goes into a Welcome (RFC 9420 §12.4.1, §12.4.3.1). */
export interface WelcomeParameters {
  readonly suite: CipherSuite
  readonly opened: OpenedEpoch
  /** Leaf index of the committer, who signs. */
  readonly signer: number
  readonly signaturePrivateKey: Uint8Array
  /** Put into the group info unless it reaches the newcomers otherwise. */
  readonly ratchetTree: Uint8Array | undefined
  /** In the order of the commit. */
  readonly psks: readonly PreSharedKeyId[]
  readonly newcomers: readonly {
    readonly keyPackage: ValidKeyPackage
    /** Absent if the commit has no path. Borrowed. */
    readonly pathSecret: Uint8Array | undefined
  }[]
  /** Whether the group info has an extension that means nothing (RFC 9420 §13.5). */
  readonly grease: GreaseUse | undefined
  readonly random: Random
}

/** Makes one Welcome for all newcomers of a commit (RFC 9420 §12.4.3.1). */
export function createWelcome(parameters: WelcomeParameters): Welcome {
  const { suite, opened, newcomers, psks, random } = parameters
  const { context, confirmationTag } = opened.epoch
  const groupInfo = signGroupInfo(suite, parameters.signaturePrivateKey, {
    groupContext: context,
    extensions: withGrease(treeExtension(parameters.ratchetTree), greaseExtension(random, parameters.grease)),
    confirmationTag,
    signer: parameters.signer,
  })
  const encryptedGroupInfo = sealGroupInfo(suite, opened.welcomeSecret, groupInfo.encoded)
  const info = groupSecretsInfo(suite, encryptedGroupInfo)
  const secrets = newcomers.map(({ keyPackage, pathSecret }) => {
    const seed = random(suite.sizes.kemSeedBytes)
    const groupSecrets = { joinerSecret: opened.joinerSecret, pathSecret, psks }
    const sealed = sealGroupSecrets(suite, keyPackage.initKey, info, groupSecrets, seed)
    seed.fill(0)
    if (sealed === undefined) throw new Error("unreachable: the init key of a valid key package is usable")
    return { newMember: keyPackageRef(suite, keyPackage), encryptedGroupSecrets: sealed }
  })
  return { cipherSuite: suite.id, secrets, encryptedGroupInfo }
}

/** The content of a `ratchet_tree` extension is the encoded tree itself (RFC 9420 §12.4.3.3). */
function treeExtension(ratchetTree: Uint8Array | undefined): Extension[] {
  return ratchetTree === undefined ? [] : [{ extensionType: EXTENSION_TYPES.ratchetTree, extensionData: ratchetTree }]
}
