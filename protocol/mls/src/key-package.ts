import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, withScratch, Writer } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { refHash, signWithLabel, verifyWithLabel } from "./labels.ts"
import { readLeafNode, writeLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"
import { MLS_10 } from "./protocol-version.ts"

/** Longer ones cost an allocation more. */
const USUAL_BYTES = 1024

/** What a client publishes to be added to groups (RFC 9420 §10). Decoded only: nothing in it has been checked. */
export interface KeyPackage {
  readonly version: number
  readonly cipherSuite: number
  readonly initKey: Uint8Array
  readonly leafNode: LeafNode
  readonly extensions: readonly Extension[]
  readonly signature: Uint8Array
  /** The whole package as it was read: what its reference covers. */
  readonly encoded: Uint8Array
  /** The beginning of {@link encoded} that ends before the signature. */
  readonly signed: Uint8Array
}

/** Reads a KeyPackage (RFC 9420 §10). Returns views. @throws DecodeError */
export function readKeyPackage(reader: Reader): KeyPackage {
  const start = reader.offset
  const content = {
    version: reader.uint16(),
    cipherSuite: reader.uint16(),
    initKey: reader.vector(),
    leafNode: readLeafNode(reader),
    extensions: readExtensions(reader),
  }
  const signed = reader.since(start)
  const signature = reader.vector()
  return { ...content, signature, encoded: reader.since(start), signed }
}

/** Writes a KeyPackage as it was read or signed (RFC 9420 §10). */
export function writeKeyPackage(writer: Writer, keyPackage: KeyPackage): void {
  writer.bytes(keyPackage.encoded)
}

/** Reads a KeyPackage that fills `bytes`. Returns views. @throws DecodeError */
export function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  return decodeWhole(bytes, readKeyPackage)
}

/** Signs a key package with the key behind the leaf node's signature key (RFC 9420 §10). */
export function signKeyPackage(
  suite: CipherSuite,
  signaturePrivateKey: Uint8Array,
  content: Pick<KeyPackage, "initKey" | "leafNode" | "extensions">,
): KeyPackage {
  return withScratch(USUAL_BYTES, (scratch) => {
    const writer = new Writer(scratch).uint16(MLS_10).uint16(suite.id).vector(content.initKey)
    writeLeafNode(writer, content.leafNode)
    writeExtensions(writer, content.extensions)
    writer.vector(signWithLabel(suite, signaturePrivateKey, "KeyPackageTBS", writer.view()))
    return decodeKeyPackage(writer.finish())
  })
}

/** True if the key package was signed by the key in its leaf node (RFC 9420 §10.1). */
export function keyPackageSignatureIsValid(suite: Pick<CipherSuite, "verify">, keyPackage: KeyPackage): boolean {
  const { leafNode, signed, signature } = keyPackage
  return verifyWithLabel(suite, leafNode.signatureKey, "KeyPackageTBS", signed, signature)
}

/** KeyPackageRef (RFC 9420 §5.2): the name under which a Welcome addresses a new member. */
export function keyPackageRef(suite: CipherSuite, keyPackage: KeyPackage): Uint8Array {
  return refHash(suite, "MLS 1.0 KeyPackage Reference", keyPackage.encoded)
}
