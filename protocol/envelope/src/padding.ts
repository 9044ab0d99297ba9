/** The smallest bucket: a text of a few words and one of a few lines look the same. */
const SMALLEST_BUCKET_BYTES = 256
/** From here on buckets grow by this step instead of doubling: doubling a large attachment would waste too much. */
const LARGE_STEP_BYTES = 64 * 1024

/**
 * How long a content of `contentBytes` is to be padded, so that its length says little: powers of two from 256 B to
 * 64 KiB, then multiples of 64 KiB. At most half of a padded message is padding, except below 256 B.
 *
 * The padding itself is written inside the encryption (RFC 9420 §6.3.1), so that nobody on the way can see where the
 * content ends. Pass this function to whatever seals.
 *
 * @throws RangeError if `contentBytes` is not a length
 */
export function paddedBytes(contentBytes: number): number {
  if (!Number.isSafeInteger(contentBytes) || contentBytes < 0) throw new RangeError(`not a length: ${contentBytes}`)
  if (contentBytes > LARGE_STEP_BYTES) return Math.ceil(contentBytes / LARGE_STEP_BYTES) * LARGE_STEP_BYTES
  let bucketBytes = SMALLEST_BUCKET_BYTES
  while (bucketBytes < contentBytes) bucketBytes *= 2
  return bucketBytes
}
