import { runArgon2id } from "./argon2id-vector.ts"
import { runHpke } from "./hpke-vectors.ts"
import { runCctv, runMlKem, runMlKemEncapsulation, runMlKemKeys } from "./ml-kem-vectors.ts"
import { missingFile } from "@qpc/wire/vectors"
import type { VectorFiles, VectorResult } from "@qpc/wire/vectors"
import type { VectorProvider } from "./vector-provider.ts"
import { runAesGcm, runChaCha20Poly1305, runEd25519, runHkdf, runHmac, runX25519 } from "./wycheproof.ts"
import { runXWing } from "./xwing-vectors.ts"

/** A named set of test vectors that somebody else wrote. */
interface VectorSet {
  /** Folder and file it comes from, such as `wycheproof/ed25519`. */
  readonly name: string
  /** Cases at the revision these runners were written for: what is missed when the file is not there. */
  readonly expectedCases: number
  /** A missing file counts as skipped, with its number of cases. */
  run(): VectorResult
}

/**
 * Every published set this package answers for.
 *
 * @param files - With the folders `wycheproof/`, `hpke-rfc9180/`, `ml-kem-cctv/`, `xwing/` and `argon2/`.
 * @param provider - Whose primitives to run.
 */
export function cryptoVectorSets(files: VectorFiles, provider: VectorProvider): VectorSet[] {
  const set = (name: string, file: string, expectedCases: number, run: (text: string) => VectorResult): VectorSet => ({
    name,
    expectedCases,
    run: () => runFile(files, file, expectedCases, run),
  })
  const wycheproof = (name: string, expectedCases: number, run: (text: string) => VectorResult): VectorSet =>
    set(`wycheproof/${name}`, `wycheproof/${name.replaceAll("-", "_")}_test.json`, expectedCases, run)
  const [sha256, sha512] = [provider.platform.hash("SHA-256"), provider.platform.hash("SHA-512")]
  return [
    wycheproof("ed25519", 151, (text) => runEd25519(provider, JSON.parse(text))),
    wycheproof("x25519", 518, (text) => runX25519(provider, JSON.parse(text))),
    wycheproof("aes-gcm", 316, (text) => runAesGcm(provider, JSON.parse(text))),
    wycheproof("chacha20-poly1305", 325, (text) => runChaCha20Poly1305(provider, JSON.parse(text))),
    wycheproof("hmac-sha256", 174, (text) => runHmac(sha256, JSON.parse(text))),
    wycheproof("hkdf-sha256", 86, (text) => runHkdf(sha256, JSON.parse(text))),
    wycheproof("hkdf-sha512", 83, (text) => runHkdf(sha512, JSON.parse(text))),
    set("hpke-rfc9180", "hpke-rfc9180/test-vectors-5f503c5.json", 25184, (text) => runHpke(provider, JSON.parse(text))),
    wycheproof("mlkem-768-keygen-seed", 100, (text) => runMlKemKeys(provider, JSON.parse(text))),
    wycheproof("mlkem-768-encaps", 265, (text) => runMlKemEncapsulation(provider, JSON.parse(text))),
    wycheproof("mlkem-768", 193, (text) => runMlKem(provider, JSON.parse(text))),
    mlKemCctvSet(files, provider),
    set("xwing", "xwing/test-vectors.json", 3, (text) => runXWing(provider, JSON.parse(text))),
    set("argon2/argon2id", "argon2/argon2id", 1, (text) => runArgon2id(provider, text)),
  ]
}

/** Files of one parameter set. The other two sets belong to no suite. */
function mlKemCctvSet(files: VectorFiles, provider: VectorProvider): VectorSet {
  const expectedCases = 783
  return {
    name: "ml-kem-cctv",
    expectedCases,
    run() {
      const folder = "ml-kem-cctv"
      const intermediate = files.text(`${folder}/intermediate/ML-KEM-768.txt`)
      const modulus = files.text(`${folder}/modulus/ML-KEM-768.txt.gz`)
      const unluckySample = files.text(`${folder}/unluckysample/ML-KEM-768.txt`)
      if (intermediate === undefined || modulus === undefined || unluckySample === undefined) {
        return missingFile(files, folder, expectedCases)
      }
      return runCctv(provider, { intermediate, modulus, unluckySample })
    },
  }
}

function runFile(
  files: VectorFiles,
  path: string,
  expectedCases: number,
  run: (text: string) => VectorResult,
): VectorResult {
  const text = files.text(path)
  return text === undefined ? missingFile(files, path, expectedCases) : run(text)
}
