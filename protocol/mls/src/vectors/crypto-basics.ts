import type { CipherSuite } from "@qpc/crypto"
import { fromHex, toUtf8 } from "@qpc/wire"
import {
  decryptWithLabel,
  deriveSecret,
  deriveTreeSecret,
  encryptWithLabel,
  expandWithLabel,
  refHash,
  signWithLabel,
  verifyWithLabel,
} from "../labels.ts"
import { expectHex, expectTrue } from "./expect.ts"

type Fields<Names extends string> = Readonly<Record<Names, string>>

/** A case of crypto-basics.json. */
export interface CryptoBasicsCase {
  readonly cipher_suite: number
  readonly ref_hash: Fields<"label" | "value" | "out">
  readonly expand_with_label: Fields<"secret" | "label" | "context" | "out"> & { readonly length: number }
  readonly derive_secret: Fields<"secret" | "label" | "out">
  readonly derive_tree_secret: Fields<"secret" | "label" | "out"> & {
    readonly generation: number
    readonly length: number
  }
  readonly sign_with_label: Fields<"priv" | "pub" | "content" | "label" | "signature">
  readonly encrypt_with_label: Fields<"priv" | "pub" | "label" | "context" | "plaintext" | "kem_output" | "ciphertext">
}

/** RFC 9420 §5.1, §5.2, §8: labelled primitives. */
export function checkCryptoBasics(vector: CryptoBasicsCase, suite: CipherSuite): void {
  const { ref_hash: ref, expand_with_label: expand, derive_secret: derive, derive_tree_secret: tree } = vector
  expectHex("RefHash", refHash(suite, ref.label, fromHex(ref.value)), ref.out)
  const expanded = expandWithLabel(suite, fromHex(expand.secret), expand.label, fromHex(expand.context), expand.length)
  expectHex("ExpandWithLabel", expanded, expand.out)
  expectHex("DeriveSecret", deriveSecret(suite, fromHex(derive.secret), derive.label), derive.out)
  const treeSecret = deriveTreeSecret(suite, fromHex(tree.secret), tree.label, tree.generation, tree.length)
  expectHex("DeriveTreeSecret", treeSecret, tree.out)
  checkSigning(vector.sign_with_label, suite)
  checkEncryption(vector.encrypt_with_label, suite)
}

function checkSigning(vector: CryptoBasicsCase["sign_with_label"], suite: CipherSuite): void {
  const [publicKey, content] = [fromHex(vector.pub), fromHex(vector.content)]
  const verifies = (signature: Uint8Array): boolean =>
    verifyWithLabel(suite, publicKey, vector.label, content, signature)
  expectTrue("the signature verifies", verifies(fromHex(vector.signature)))
  expectTrue("our signature verifies", verifies(signWithLabel(suite, fromHex(vector.priv), vector.label, content)))
}

function checkEncryption(vector: CryptoBasicsCase["encrypt_with_label"], suite: CipherSuite): void {
  const [privateKey, publicKey, context] = [fromHex(vector.priv), fromHex(vector.pub), fromHex(vector.context)]
  const sealed = { kemOutput: fromHex(vector.kem_output), ciphertext: fromHex(vector.ciphertext) }
  const opened = decryptWithLabel(suite, privateKey, vector.label, context, sealed)
  expectHex("DecryptWithLabel", opened, vector.plaintext)
  const seed = suite.hash(toUtf8("seed")).slice(0, suite.sizes.kemSeedBytes)
  const ours = encryptWithLabel(suite, publicKey, vector.label, context, fromHex(vector.plaintext), seed)
  const reopened = ours && decryptWithLabel(suite, privateKey, vector.label, context, ours)
  expectHex("DecryptWithLabel of our own", reopened, vector.plaintext)
}
