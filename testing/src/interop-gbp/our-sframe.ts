import type { SFrameCipher } from "@qpc/crypto"
import { sframeCiphers } from "@qpc/crypto/node"
import type { Group } from "@qpc/mls"
import { baseKeyExport, SFrameSession } from "@qpc/sframe"

/** AES_128_GCM_SHA256_128 (RFC 9605 §8.1). */
const AES_128_GCM = 4
/** Time does not pass in these sessions. */
const NOW_MS = 0

/** The cipher that the published stack takes by default. */
function aes128Gcm(): SFrameCipher {
  return sframeCiphers.get(AES_128_GCM)!
}

/** SFrame under the keys of a group's epoch, as the published stack derives them. */
export class OurSFrame {
  readonly #session: SFrameSession

  constructor(group: Group) {
    const { label, context, lengthBytes } = baseKeyExport(group.epoch)
    this.#session = new SFrameSession({ cipher: aes128Gcm(), context: 0n })
    this.#session.enterEpoch(
      {
        epoch: group.epoch,
        baseKey: group.export(label, context, lengthBytes),
        ownLeafIndex: group.ownLeafIndex,
        isMember: (leafIndex) => group.member(leafIndex) !== undefined,
      },
      NOW_MS,
    )
  }

  seal(plaintext: Uint8Array, metadata: Uint8Array): Uint8Array {
    return this.#session.seal(plaintext, metadata)
  }

  /** @throws Error for what does not open */
  open(frame: Uint8Array, metadata: Uint8Array): { plaintext: Uint8Array; leafIndex: number } {
    const opened = this.#session.open(frame, NOW_MS, metadata)
    if (opened.kind !== "frame") throw new Error(opened.reason)
    return { plaintext: opened.plaintext, leafIndex: opened.leafIndex }
  }
}
