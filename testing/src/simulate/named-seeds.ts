import type { FaultName } from "./plan.ts"

/** A seed that once failed, what it found, and what was changed. It must not fail again. */
export interface NamedSeed {
  readonly seed: bigint
  /** Kinds of trouble that were not drawn yet when it was found: with them it would be another history. */
  readonly without?: readonly FaultName[]
  readonly found: string
  readonly change: string
}

const BEFORE_SUITE_CHANGES: readonly FaultName[] = ["suite_changes"]
const BEFORE_SECOND_DEVICES: readonly FaultName[] = ["second_devices", "key_updates", ...BEFORE_SUITE_CHANGES]

/** Found by the simulator. A change of the simulator itself may turn such a seed into another history: keep a test too. */
export const NAMED_SEEDS: readonly NamedSeed[] = [
  {
    seed: 143n,
    without: BEFORE_SECOND_DEVICES,
    found: "An inbox that nobody empties any more held up what waited for room in the inboxes of others.",
    change: "What waits is offered past what nobody has room for.",
  },
  {
    seed: 196n,
    without: BEFORE_SECOND_DEVICES,
    found:
      "A text that waited for room in every inbox counted as accepted, and was dropped when its sender was removed.",
    change: "It is accepted once somebody has it; otherwise it fails, and its sender is told who lacks it.",
  },
  {
    seed: 221n,
    without: BEFORE_SECOND_DEVICES,
    found: "The server took a text of an epoch that all others had forgotten the keys of, and its sender did not know.",
    change:
      "A text says until which epoch it can be read; in a later one the server refuses it, and its sender is told.",
  },
  {
    seed: 335n,
    without: BEFORE_SECOND_DEVICES,
    found:
      "Somebody who could not follow the group any more offered a text to full inboxes for days, in which nobody could read it.",
    change: "What such a sender's text has no room for is given up at once, and its sender is told.",
  },
  {
    seed: 396n,
    without: BEFORE_SECOND_DEVICES,
    found: "An invitation back into a group got lost where the removal before it had found no room in the inbox.",
    change: "Commits are fetched before a Welcome too, so that the removal is known when it is opened.",
  },
  {
    seed: 1341n,
    without: BEFORE_SECOND_DEVICES,
    found: "A text waited for room although its sender, back after a long time, had lost the group meanwhile.",
    change: "As for seed 335: it ends when the server answers, and not after days.",
  },
  {
    seed: 1366n,
    without: BEFORE_SECOND_DEVICES,
    found:
      "The oracle called a world at rest in which a removal was still under way: its author could not follow another group.",
    change: "Only wishes in the group that cannot be followed may be without an end.",
  },
  {
    seed: 31n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "A flipped bit in the version of a stored group was told as the profile of a newer program, and nobody counted the device as lost.",
    change:
      "The simulator takes either answer to a damaged profile: whose version it is cannot be told from a record that is not ours.",
  },
  {
    seed: 966n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "The oracle called a world at rest in which three people had just asked for changes. A text that was written meanwhile came two epochs late, and was refused, as its sender was told.",
    change: "A world is at rest only when every running client has done or refused what it was asked.",
  },
  {
    seed: 853n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "An invitation from before let a device into a group that its person had taken back since, and it stayed until the next connection.",
    change: "Whoever comes into a group looks for such devices there, and tries to remove them until they are out.",
  },
  {
    seed: 1005n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "Each invitation of somebody with a full inbox, and each new attempt of one, held up all other changes of the group for half a minute.",
    change: "A person is waited for once: what invites them again in the next minutes must find room at once.",
  },
  {
    seed: 1650n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "A text that waited for room on somebody's second device was given up when its sender's record of the group got damaged, and the sender was told a key that they had never seen.",
    change: "Whose device it is, is looked up in the other groups too.",
  },
  {
    seed: 3223n,
    found:
      "The oracle took texts for lost that waited for room on a second device, whose sender, with its one group damaged, was told the key of that device and not whose it is.",
    change: "To be told the key of a device is to be told.",
  },
  {
    seed: 3855n,
    found:
      "The oracle waited for somebody to be let go of a group by the second device of the only other member, which had not been let into it before the first one was lost.",
    change: "Who can let somebody go is counted by devices in the group.",
  },
  {
    seed: 1931n,
    found:
      "The oracle waited for somebody to be let go of a group by the only other member, whose record of it was damaged and whom nobody made repair it.",
    change: "Whoever cannot read the group counts as one who can let nobody go, until a person has it repaired.",
  },
  {
    seed: 2062n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "A member who came back asked for the same names again with each change of the group. The server asked it to slow down, and a text that had to wait for that came too late to be read.",
    change: "There is one look-up of names at a time, and a name that was learned meanwhile is not asked for again.",
  },
  {
    seed: 973n,
    found:
      "Whoever gave up a damaged group deleted all last-resort key packages, and an invitation into another group, made with one of them, could not be opened any more.",
    change:
      "They stay, and are refused for the group whose keys were deleted; the next connection publishes others in their place.",
  },
  {
    seed: 414n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "An invitation that was made while a person gave up a damaged group came to nothing, and its author never knew.",
    change: "As for seed 973.",
  },
  {
    seed: 657n,
    found:
      "While it could not be reached, the server went on handing out the last-resort key package of somebody who had deleted its private key.",
    change: "As for seed 973.",
  },
  {
    seed: 2476n,
    without: BEFORE_SUITE_CHANGES,
    found:
      "Whoever was switched on again after giving up a damaged group could not open the invitation that waited for them.",
    change: "As for seed 973.",
  },
  {
    seed: 1280n,
    found:
      "What somebody still wanted of a damaged group had no end, because the disk was full when the damage was found, and the group was given up before there was room.",
    change:
      "What a group still wanted ends with its keys, whatever was written down before. Seeds 1850 and 2277 found the same.",
  },
  {
    seed: 1083n,
    found:
      "Somebody whose program had been put back was invited into a group of a cipher suite that it lacked. The invitation was thrown away, and the device was on the roster without ever coming in.",
    change:
      "Such an invitation is kept, with what comes behind it, for a program that has the suite. Seeds 1282, 1785 and 2864 found the same.",
  },
  {
    seed: 5159n,
    found:
      "The oracle missed the probe of somebody whose group took in three second devices while it was on its way. Its sender was told to look and to send it again, and nobody did.",
    change: "A person who is told that the group changed too often writes once more, and that text has to be read.",
  },
  {
    seed: 668n,
    found:
      "A second device that left a group took the first one out and was taken back before it asked for its own removal: the first was waited for.",
    change:
      "A person who is in a group by a lost device alone may be out of it on all others; a member has to remove them.",
  },
  {
    seed: 1026n,
    found:
      "A profile was closed while a device was being taken back out of several groups: the removal from the next one began between the last look at what was under way and the end of the members.",
    change:
      "Whoever closes a profile waits for what was asked for before, and from then on nothing begins any more; its caller is told that the profile is closed.",
  },
  {
    seed: 3229n,
    found:
      "A flipped bit in the cipher suite of a stored group was told as a group that waits for another program, and its device never came back.",
    change: "The suite is looked up in both places that have it; where they differ, the group is damaged.",
  },
  {
    seed: 4714n,
    found:
      "A program was put back to one without the cipher suite of a group into which its device was just letting itself again: it stopped at its own commit.",
    change: "The commit is kept, with all that is behind it, for a program that has the suite.",
  },
  {
    seed: 16959n,
    found:
      "The keys of a damaged group were deleted, and for as long as that connection lasted the server handed out a last-resort key package that did not open the group any more. A device that was invited by it was on the roster without ever coming in.",
    change: "Another last-resort key package is published as soon as the keys are deleted.",
  },
  {
    seed: 17770n,
    found:
      "A second device that left a group took the first one out, and of all others only a lost device was left to let it go: the first was waited for.",
    change: "While a person leaves on a second device, the first may be out of the group.",
  },
]
