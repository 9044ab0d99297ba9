import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { createKeyPackage, Group } from "@qpc/mls"
import type { KeyPackageBundle, Received } from "@qpc/mls"
import { equalBytes, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import type { VectorSet } from "@qpc/wire/vectors"

const NOW_MS = 1_800_000_000_000
const DAY_MS = 86_400_000
const NO_DATA = new Uint8Array(0)

/** One person with the keys to take part. */
interface Person {
  readonly name: string
  readonly keys: KeyPair
}

/** A whole conversation with each suite, post-quantum ones too: a group is made, grows, talks, renews its keys, talks. */
export function conversationSet(suites: readonly CipherSuite[], random: Random): VectorSet {
  return {
    name: "a conversation with each suite",
    run() {
      const failures: string[] = []
      for (const suite of suites) {
        try {
          converse(suite, random)
        } catch (error) {
          failures.push(`${suite.name}: ${String(error)}`)
        }
      }
      const failed = failures.length
      return { cases: suites.length, passed: suites.length - failed, failed, skipped: 0, failures }
    },
  }
}

function converse(suite: CipherSuite, random: Random): void {
  const [alice, bob] = ["alice", "bob"].map((name) => newPerson(suite, random, name)) as [Person, Person]
  const about = { suite, random, nowMs: NOW_MS, groupId: random(16) }
  const alices = Group.create({ ...about, credential: credentialOf(alice), signatureKeys: alice.keys })
  const bundle = keyPackageOf(suite, random, bob)
  const added = stage(alices, random, [bundle.keyPackage])
  alices.merge(added.staged)
  const joined = Group.join({ suite, welcome: added.welcome ?? NO_DATA, bundles: [bundle], signatureKeys: bob.keys })
  if (joined.kind !== "joined") throw new Error(`the Welcome is rejected: ${joined.reason}`)
  say(alices, joined.group, random, "hello")
  say(joined.group, alices, random, "hello yourself")
  const renewed = stage(joined.group, random, [])
  joined.group.merge(renewed.staged)
  const received: Received = alices.receive(renewed.commit, NOW_MS)
  if (received.kind !== "commit") throw new Error(`the commit is ${received.kind}`)
  alices.merge(received.staged)
  say(alices, joined.group, random, "with new keys")
  if (alices.epoch !== 2n || !equalBytes(alices.epochAuthenticator(), joined.group.epochAuthenticator())) {
    throw new Error("they are not in the same epoch")
  }
}

function newPerson(suite: CipherSuite, random: Random, name: string): Person {
  return { name, keys: suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes)) }
}

function credentialOf({ name }: Person): { kind: "basic"; identity: Uint8Array } {
  return { kind: "basic", identity: toUtf8(name) }
}

function keyPackageOf(suite: CipherSuite, random: Random, person: Person): KeyPackageBundle {
  const about = { credential: credentialOf(person), signatureKeys: person.keys, nowMs: NOW_MS, lifetimeMs: DAY_MS }
  return createKeyPackage({ suite, random, ...about })
}

function stage(group: Group, random: Random, adds: readonly Uint8Array[]): Staged {
  const staged = group.stageCommit({ adds, authenticatedData: NO_DATA, random, nowMs: NOW_MS })
  if (staged.kind !== "staged") throw new Error(`no commit: ${staged.reason}`)
  return staged
}

type Staged = Extract<ReturnType<Group["stageCommit"]>, { kind: "staged" }>

function say(from: Group, to: Group, random: Random, text: string): void {
  const received = to.receive(from.protect(toUtf8(text), { authenticatedData: NO_DATA, random }), NOW_MS)
  const isHeard = received.kind === "application" && equalBytes(received.plaintext, toUtf8(text))
  if (!isHeard) throw new Error(`"${text}" arrives as ${received.kind}`)
}
