import sharp from '../images/sharp.js';

/** How a picture is stored. */
export interface PictureFormat {
  /** @default 'jpeg' */
  format?: 'jpeg' | 'png';
  /** Of a JPEG, 1 to 100. @default 90 */
  quality?: number;
}

/** A picture's file. JPEG keeps colour at full size, or thin lines would fade. */
export function encodePicture(
  {
    data,
    width,
    height,
  }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number },
  { format = 'jpeg', quality = 90 }: PictureFormat = {},
): Promise<Buffer> {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return format === 'png'
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}
