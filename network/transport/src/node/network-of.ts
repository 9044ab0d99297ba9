import { isIPv6 } from "node:net"

/**
 * What one person can be expected to hold of the address space: an IPv4 address, or the /64 of an IPv6 address, within
 * which everybody may choose addresses at will. Used to count by, never to log.
 *
 * @param peerAddress - `1.2.3.4:5` or `[2001:db8::1]:5`; anything else is taken as it is
 */
export function networkOf(peerAddress: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(peerAddress) ?? []
  if (bracketed === undefined || !isIPv6(bracketed)) return plain ?? peerAddress
  const address = bracketed.toLowerCase().replace(/%.*$/, "")
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  const all = [...groups, ...Array<string>(zeros).fill("0"), ...after]
  const network = all.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ""))
  return `${network.join(":")}::/64`
}
