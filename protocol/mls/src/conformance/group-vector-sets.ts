import type { CipherSuite } from "@qpc/crypto"
import type { VectorSet } from "@qpc/wire/conformance"
import { checkDeserialization } from "./deserialization.ts"
import { checkKeySchedule } from "./key-schedule.ts"
import { checkMessageProtection } from "./message-protection.ts"
import { checkMessages } from "./messages.ts"
import { checkPassiveClient } from "./passive-client.ts"
import { checkPskSecret } from "./psk-secret.ts"
import { checkSecretTree } from "./secret-tree.ts"
import { checkTranscriptHashes } from "./transcript-hashes.ts"
import { mlsVectorSet } from "./vector-set.ts"
import { checkWelcome } from "./welcome.ts"

/**
 * The sets of the MLS working group about messages, the key schedule and whole groups.
 *
 * @param vectorsDir - The folder that holds `mls-wg`.
 * @param suites - Cases of other suites are skipped and counted.
 */
export function groupVectorSets(vectorsDir: string, suites: readonly CipherSuite[]): VectorSet[] {
  return [
    mlsVectorSet(vectorsDir, { file: "deserialization", caseCount: 14, check: checkDeserialization }, suites),
    mlsVectorSet(vectorsDir, { file: "messages", caseCount: 300, check: checkMessages }, suites),
    mlsVectorSet(vectorsDir, { file: "key-schedule", caseCount: 7, check: checkKeySchedule }, suites),
    mlsVectorSet(vectorsDir, { file: "psk_secret", caseCount: 77, check: checkPskSecret }, suites),
    mlsVectorSet(vectorsDir, { file: "secret-tree", caseCount: 21, check: checkSecretTree }, suites),
    mlsVectorSet(vectorsDir, { file: "transcript-hashes", caseCount: 7, check: checkTranscriptHashes }, suites),
    mlsVectorSet(vectorsDir, { file: "message-protection", caseCount: 7, check: checkMessageProtection }, suites),
    mlsVectorSet(vectorsDir, { file: "welcome", caseCount: 7, check: checkWelcome }, suites),
    mlsVectorSet(vectorsDir, { file: "passive-client-welcome", caseCount: 56, check: checkPassiveClient }, suites),
    mlsVectorSet(
      vectorsDir,
      { file: "passive-client-handling-commit", caseCount: 91, check: checkPassiveClient },
      suites,
    ),
    mlsVectorSet(vectorsDir, { file: "passive-client-random", caseCount: 1, check: checkPassiveClient }, suites),
  ]
}
