import { describe, expect, it } from "vitest"
import { networkOf } from "./network-of.ts"

describe("the network of a peer", () => {
  it.each([
    ["192.0.2.7:1234", "192.0.2.7"],
    ["192.0.2.7", "192.0.2.7"],
    ["[::ffff:192.0.2.7]:1234", "192.0.2.7"],
    ["[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::99]:1", "2001:db8:1:2::/64"],
    ["[2001:0db8:1:0002::99]:1", "2001:db8:1:2::/64"],
    ["[2001:db8::1]:1", "2001:db8:0:0::/64"],
    ["[::1]:1", "0:0:0:0::/64"],
    ["[fe80::1%eth0]:1", "fe80:0:0:0::/64"],
    ["memory", "memory"],
    ["", ""],
  ])("of %s is %s", (peerAddress, network) => {
    expect(networkOf(peerAddress)).toBe(network)
  })
})
