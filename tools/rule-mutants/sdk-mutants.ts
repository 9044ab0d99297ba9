import type { RuleMutant } from "./rule-mutant.ts"

const src = "sdk/src"

/** Rules of the client around a member. */
export const SDK_MUTANTS: readonly RuleMutant[] = [
  {
    does: "believes the server that a name has a new key",
    file: `${src}/contacts.ts`,
    was: "if (known !== undefined && !equalBytes(known.identityKey, identityKey)) {",
    is: "if (known !== undefined && known.identityKey.length !== identityKey.length) {",
    tests: [`${src}/hostile-server.test.ts`, `${src}/account.test.ts`, `${src}/conversation.test.ts`],
  },
  {
    does: "believes the server that a key has two names",
    file: `${src}/contacts.ts`,
    was: "if (name !== undefined && sameName(name) !== sameName(username)) throw secondName(username, name)",
    is: "",
    tests: [`${src}/hostile-server.test.ts`],
  },
  {
    does: "acknowledges what it has not written down",
    file: `${src}/inbox.ts`,
    was: "await this.#receive(envelope.seq, envelope.data)",
    is: "void this.#ack(envelope.seq)\n        await this.#receive(envelope.seq, envelope.data)",
    tests: [`${src}/crash.test.ts`, `${src}/hostile-server.test.ts`],
  },
  {
    does: "takes an envelope in twice",
    file: `${src}/receive.ts`,
    was: "if (inbox.seq <= context.cursor.seq) return",
    is: "",
    tests: [`${src}/hostile-server.test.ts`, `${src}/receive.test.ts`],
  },
  {
    does: "moves the cursor apart from what an envelope brought",
    file: `${src}/receive.ts`,
    was: `      tx.moveCursor(inbox.seq)
      return open(context, tx, inbox)
    })`,
    is: `      return open(context, tx, inbox)
    })
    await Transaction.run(context, "up", async (tx) => tx.moveCursor(inbox.seq))`,
    tests: [`${src}/crash.test.ts`, `${src}/hostile-server.test.ts`],
  },
  {
    does: "goes on with a member that the disk does not have",
    file: `${src}/transaction.ts`,
    was: "if (known !== undefined) await groups.reload(profile, member.groupId, self.keys)",
    is: "if (known !== undefined) void [profile, self]",
    tests: [`${src}/crash.test.ts`],
  },
  {
    does: "keeps a used key package",
    file: `${src}/receive.ts`,
    was: "if (!isLastResort) tx.change(profile.forgetKeyPackage(usedKeyPackageRef))",
    is: "",
    tests: [`${src}/receive.test.ts`, `${src}/conversation.test.ts`, `${src}/last-resort.test.ts`],
  },
  {
    does: "forgets the last-resort key package after its first use",
    file: `${src}/receive.ts`,
    was: "if (!isLastResort) tx.change(profile.forgetKeyPackage(usedKeyPackageRef))",
    is: "tx.change(profile.forgetKeyPackage(usedKeyPackageRef))",
    tests: [`${src}/last-resort.test.ts`],
  },
  {
    does: "lets one envelope more of an unknown group wait than the limit",
    file: `${src}/parked-index.ts`,
    was: "count < this.#limits.parkedPerGroup",
    is: "count <= this.#limits.parkedPerGroup",
    tests: [`${src}/receive.test.ts`],
  },
  {
    does: "takes a message out of the outbox before the server has it",
    file: `${src}/outbox.ts`,
    was: `if (outcome.kind === "retry") return this.#wait(group, outcome.waitMs)`,
    is: `if (outcome.kind === "retry") {
        await settle(this.#context, position, row, { kind: "accepted", full: [] })
        return
      }`,
    tests: [`${src}/outbox.test.ts`, `${src}/crash.test.ts`],
  },
  {
    does: "gives key packages of other cipher suites to a server that would hand them out as those of the first",
    file: `${src}/key-packages.ts`,
    was: `if (!isFirst(context) && stock.cipherSuite !== cipherSuite) return "not_kept"`,
    is: "",
    tests: [`${src}/key-packages.test.ts`],
  },
  {
    does: "uses a key package that led into another cipher suite again",
    file: `${src}/record-step.ts`,
    was: "if (used?.isLastResort === false)",
    is: "if (used?.isLastResort === true)",
    tests: ["testing/src/change-suite/change-suite.test.ts"],
  },
  {
    does: "invites by a key package of the first cipher suite whichever the group has",
    file: `${src}/conversation.ts`,
    was: "const cipherSuite = this.suiteId",
    is: "const cipherSuite = 1",
    tests: ["testing/src/change-suite/change-suite.test.ts"],
  },
  {
    does: "throws away an invitation into a cipher suite that another program may have",
    file: `${src}/invited-for-later.ts`,
    was: "if (addressees.has(toHex(ref)) && opens({ refusedFor }, groupId)) return true",
    is: "if (addressees.has(toHex(ref)) && opens({ refusedFor }, groupId)) return false",
    tests: ["testing/src/change-suite/missing-suite.test.ts"],
  },
  {
    does: "keeps an invitation for which its key package was refused",
    file: `${src}/invited-for-later.ts`,
    was: " && opens({ refusedFor }, groupId)",
    is: "",
    tests: [`${src}/invited-for-later.test.ts`],
  },
  {
    does: "lets a Welcome replace a group that this program cannot read",
    file: `${src}/receive.ts`,
    was: ` || groups.damage(groupId) !== undefined) return`,
    is: `) return`,
    tests: [`${src}/hostile-welcome.test.ts`],
  },
]
