import type { RuleMutant } from "./rule-mutant.ts"

const src = "protocol/mls/src"
const ATTACKS = `${src}/attacks`

/** Rules of RFC 9420. */
export const MLS_MUTANTS: readonly RuleMutant[] = [
  {
    does: "believes a message without its signature",
    file: `${src}/authenticated-content.ts`,
    was: `const isValid = verifyWithLabel(suite, signatureKey, "FramedContentTBS", signed, auth.signature)`,
    is: `const isValid = true || verifyWithLabel(suite, signatureKey, "FramedContentTBS", signed, auth.signature)`,
    tests: [`${ATTACKS}/messages.test.ts`],
  },
  {
    does: "believes a public message without its membership tag",
    file: `${src}/authenticated-content.ts`,
    was: "return constantTimeEqual(expected, message.membershipTag)",
    is: "return constantTimeEqual(expected, expected)",
    tests: [`${ATTACKS}/messages.test.ts`],
  },
  {
    does: "believes a leaf without its signature",
    file: `${src}/leaf-node.ts`,
    was: `return verifyWithLabel(suite, signatureKey, "LeafNodeTBS", toBeSigned, signature)`,
    is: `return true || verifyWithLabel(suite, signatureKey, "LeafNodeTBS", toBeSigned, signature)`,
    tests: [`${src}/validate-leaf-node.test.ts`],
  },
  {
    does: "believes a key package without its signature",
    file: `${src}/key-package.ts`,
    was: `return verifyWithLabel(suite, leafNode.signatureKey, "KeyPackageTBS", signed, signature)`,
    is: `return true || verifyWithLabel(suite, leafNode.signatureKey, "KeyPackageTBS", signed, signature)`,
    tests: [`${src}/validate-key-package.test.ts`],
  },
  {
    does: "believes a GroupInfo without its signature",
    file: `${src}/group-info.ts`,
    was: `const isValid = verifyWithLabel(suite, signatureKey, "GroupInfoTBS", groupInfo.signed, groupInfo.signature)`,
    is: "const isValid = signatureKey.length > 0",
    tests: [`${ATTACKS}/welcomes.test.ts`],
  },
  {
    does: "follows a commit whose confirmation tag is of another epoch",
    file: `${src}/apply-commit.ts`,
    was: "if (tag !== undefined && constantTimeEqual(tag, opened.epoch.confirmationTag)) return opened.epoch",
    is: "if (tag !== undefined) return opened.epoch",
    tests: [`${ATTACKS}/commits.test.ts`],
  },
  {
    does: "joins a group whose confirmation tag does not fit",
    file: `${src}/join.ts`,
    was: "if (!constantTimeEqual(tag, info.confirmationTag)) {",
    is: "if (tag.length !== info.confirmationTag.length) {",
    tests: [`${ATTACKS}/welcomes.test.ts`],
  },
  {
    does: "lets a key package expire a second too early",
    file: `${src}/lifetime.ts`,
    was: "return lifetime.notBefore <= now && now <= lifetime.notAfter",
    is: "return lifetime.notBefore <= now && now < lifetime.notAfter",
    tests: [`${src}/lifetime.test.ts`],
  },
  {
    does: "lets a forged message use up the key of an honest one",
    file: `${src}/unprotect.ts`,
    was: `if (isOwn || typeof verified === "string") key.release()`,
    is: `if (isOwn || typeof verified === "string") key.consume()`,
    tests: [`${ATTACKS}/messages.test.ts`, `${src}/receive.test.ts`],
  },
  {
    does: "opens a late message twice",
    file: `${src}/ratchet.ts`,
    was: "        this.#skipped.delete(generation)\n",
    is: "",
    tests: [`${src}/ratchet.test.ts`],
  },
  {
    does: "steps one generation less ahead than it may",
    file: `${src}/ratchet.ts`,
    was: "generation - this.#next > limits.maxForwardGenerations",
    is: "generation - this.#next >= limits.maxForwardGenerations",
    tests: [`${src}/ratchet.test.ts`],
  },
  {
    does: "keeps the key of a late message one generation shorter than it may",
    file: `${src}/ratchet.ts`,
    was: "      if (kept >= generation) return\n",
    is: "      if (kept > generation) return\n",
    tests: [`${src}/ratchet.test.ts`],
  },
  {
    does: "takes a text that is not encrypted",
    file: `${src}/receive.ts`,
    was: `if (body.kind === "application") return reject("application_not_encrypted")`,
    is: "",
    tests: [`${ATTACKS}/messages.test.ts`],
  },
  {
    does: "takes a commit of an epoch that has passed",
    file: `${src}/receive.ts`,
    was: `if (epoch < current.epoch) return reject("epoch_passed")`,
    is: "",
    tests: [`${ATTACKS}/commits.test.ts`, `${src}/receive.test.ts`],
  },
  {
    does: "follows a commit that removes somebody without new keys",
    file: `${src}/apply-commit.ts`,
    was: "if (path === undefined && (sorted.requiresPath || proposals.length === 0))",
    is: "if (path === undefined && proposals.length === 0)",
    tests: [`${ATTACKS}/commits.test.ts`],
  },
  {
    does: "takes one proposal less in a commit than its limit",
    file: `${src}/apply-commit.ts`,
    was: "if (commit.proposals.length > limits.committedProposals)",
    is: "if (commit.proposals.length >= limits.committedProposals)",
    tests: [`${src}/propose.test.ts`],
  },
]
