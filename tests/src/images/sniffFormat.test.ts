import { describe, expect, test } from 'vitest';
import { ftypBox } from '../../../scripts/make-fixtures.mjs';
import { extensionOf, isImageName, isRawName } from '../../../src/images/imageNames.js';
import { sniffFormat } from '../../../src/images/sniffFormat.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('sniffFormat', () => {
  test.each([
    ['\xff\xd8\xff\xe1', 'jpeg'],
    ['\x89PNG\r\n\x1a\n', 'png'],
    ['\x89PNG\n\x1a\n', undefined],
    ['GIF87a', 'gif'],
    ['GIF89a', 'gif'],
    ['GIF90a', undefined],
    ['RIFF\0\0\0\0WEBPVP8 ', 'webp'],
    ['RIFF\0\0\0\0AVI ', 'video'],
    ['II*\0\x08\0\0\0\0\0', 'tiff'],
    ['MM\0*\0\0\0\x08', 'tiff'],
    ['II+\0\x08\0\0\0', 'tiff'],
    ['II*\0\x10\0\0\0CR\x02\0', 'raw'],
    ['BM\0\0', 'bmp'],
    ['\xff\x0a', 'jpeg-xl'],
    ['\0\0\0\x0cJXL \r\n\x87\n', 'jpeg-xl'],
    ['\0\0\0\x0cjP  \r\n\x87\n', 'jpeg-2000'],
    ['%PDF-1.7', 'pdf'],
    ['<svg xmlns="…">', 'svg'],
    ['\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- by hand -->\n<svg>', 'svg'],
    ['<?xml version="1.0"?><annotation><svgs/></annotation>', undefined],
    ['Some text about <svg> drawings', undefined],
    ['', undefined],
  ])('%j is %s', (text, format) => {
    expect(sniffFormat(latin1(text))).toBe(format);
  });

  test('ISO media are told apart by all their brands', () => {
    expect(sniffFormat(ftypBox('avif', 'mif1', 'miaf'))).toBe('avif');
    expect(sniffFormat(ftypBox('mif1', 'mif1', 'avif'))).toBe('avif');
    expect(sniffFormat(ftypBox('heic', 'mif1', 'heic'))).toBe('heic');
    expect(sniffFormat(ftypBox('mif1', 'heic'))).toBe('heic');
    expect(sniffFormat(ftypBox('crx ', 'crx '))).toBe('raw');
    expect(sniffFormat(ftypBox('isom', 'mp42'))).toBe('video');
    // Brands end where the box ends.
    const box = Buffer.concat([ftypBox('isom'), latin1('avif')]);
    expect(sniffFormat(box)).toBe('video');
  });
});

describe('names', () => {
  test('an extension is the last one, in lower case', () => {
    expect(extensionOf('a.b/c')).toBe('');
    expect(extensionOf('.jpg')).toBe('');
    expect(extensionOf('a/.x.JPG')).toBe('.jpg');
    expect(extensionOf('a.png.JPEG')).toBe('.jpeg');
  });

  test('what counts as a photo in a folder', () => {
    for (const name of ['a.jpg', 'A.JPEG', 'x/y.webp', 'a.TIF', 'a.heic', 'a.bmp']) {
      expect(isImageName(name)).toBe(true);
    }
    for (const name of [
      '.DS_Store',
      'Thumbs.db',
      'a.jpg.xmp',
      'a.svg',
      'jpg',
      'a.dng',
    ]) {
      expect(isImageName(name)).toBe(false);
    }
    expect(isRawName('DSC1.NEF')).toBe(true);
    expect(isRawName('a.tif')).toBe(false);
  });
});
