import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import {
  OFFICIAL_FILES,
  type OfficialFile,
} from '../../../src/weights/officialFiles.js';
import { pullWeights, type PullOptions } from '../../../src/weights/pullWeights.js';
import { runCli, temporaryFolder } from '../runCli.js';
import { sendFile, serve, type FileServer, type Handler } from './fileServer.js';

const content = new Uint8Array(300_000).map((_, i) => (i * 2654435761) >>> 24);
const sha256 = createHash('sha256').update(content).digest('hex');

let servers: FileServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});
const start = async (handler: Handler) => {
  const server = await serve(handler);
  servers.push(server);
  return server;
};

function official(
  urls: string[],
  change: Partial<OfficialFile> = {},
): PullOptions['files'] {
  const pin = { algorithm: 'sha256', hex: sha256, source: 'this test' } as const;
  return { small: { title: 'small', file: 'small.bin', urls, pin, ...change } };
}
const QUICK = { retryDelay: 1, stallTimeout: 300 };

/** Pulls from one server into a folder; gives what came of it. */
async function pull(
  handler: Handler,
  {
    cache = temporaryFolder(),
    part,
    change,
    ...options
  }: {
    cache?: string;
    part?: Uint8Array;
    change?: Partial<OfficialFile>;
  } & PullOptions = {},
) {
  const server = await start(handler);
  if (part) writeFileSync(join(cache, 'small.bin.part'), part);
  const path = join(cache, 'small.bin');
  const files = official([`${server.url}/small.bin`], change);
  let error: UsageError | undefined;
  try {
    await pullWeights('small', { ...QUICK, ...options, cache, files });
  } catch (problem) {
    error = problem as UsageError;
    expect(error).toBeInstanceOf(UsageError);
  }
  const left = readdirSync(cache).sort();
  return { error, path, left, requests: server.requests, cache };
}
const expectWhole = ({ error, path, left }: Awaited<ReturnType<typeof pull>>) => {
  expect(error).toBeUndefined();
  expect(left).toEqual(['small.bin']);
  expect(Buffer.compare(readFileSync(path), content)).toBe(0);
};

describe('pullWeights', () => {
  it('fetches a file once; then it is in the cache, and no server is asked', async () => {
    const { requests, cache, ...rest } = await pull(sendFile(content), {
      change: { bytes: content.length },
    });
    expectWhole({ requests, cache, ...rest });
    expect(requests).toEqual(['GET /small.bin']);
    const again = await pull(() => expect.unreachable(), { cache });
    expectWhole(again);
    expect(again.requests).toEqual([]);
  });

  it('goes on where a connection broke, by ranges', async () => {
    const whole = sendFile(content);
    const found = await pull((request, response, count) => {
      if (count > 1) return whole(request, response, count);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () =>
        setTimeout(() => response.destroy(), 50),
      );
    });
    expectWhole(found);
    expect(found.requests).toEqual(['GET /small.bin', 'GET /small.bin bytes=100000-']);
  });

  it('keeps what came of a server that always breaks off, and says so', async () => {
    const found = await pull((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000), () =>
        setTimeout(() => response.destroy(), 20),
      );
    });
    expect(found.error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
    expect(found.error!.message).toMatch(/what has come so far is kept/);
    expect(found.requests.length).toBe(4);
    expect(found.left).toEqual(['small.bin.part']);
    // A later call goes on from there.
    const later = await pull(sendFile(content), { cache: found.cache });
    expectWhole(later);
    expect(later.requests).toEqual(['GET /small.bin bytes=1000-']);
  });

  it('begins anew where a server knows no ranges', async () => {
    const found = await pull(
      (_, response) => {
        response.writeHead(200, { 'content-length': content.length }).end(content);
      },
      { part: content.subarray(0, 5000) },
    );
    expectWhole(found);
  });

  it('takes a part that is whole already', async () => {
    const found = await pull(sendFile(content), { part: content });
    expectWhole(found);
    expect(found.requests).toEqual([`GET /small.bin bytes=${content.length}-`]);
    const known = await pull(() => expect.unreachable(), {
      part: content,
      change: { bytes: content.length },
    });
    expectWhole(known);
  });

  it.each([
    ['of another file', new Uint8Array(5000)],
    ['too long', new Uint8Array(400_000)],
  ])('throws away a part that is %s, once', async (_, part) => {
    expectWhole(await pull(sendFile(content), { part }));
  });

  it('refuses a server’s other part than was asked for', async () => {
    const found = await pull(
      (_, response) => {
        response
          .writeHead(206, { 'content-range': 'bytes 0-9/300000', 'content-length': 10 })
          .end(content.subarray(0, 10));
      },
      { part: content.subarray(0, 5000) },
    );
    expect(found.error!.message).toMatch(/another part of the file/);
  });

  it('refuses another file, and keeps nothing of it', async () => {
    const other = content.slice();
    other[77] ^= 1;
    const found = await pull(sendFile(other));
    expect(found.error).toMatchObject({ code: 'WRONG_FILE' });
    expect(found.error!.message).toContain(
      `not SHA-256 ${sha256} (published in this test)`,
    );
    expect(found.left).toEqual([]);
    expect(found.requests.length).toBe(1);
  });

  it('refuses a file of another length before it comes', async () => {
    const found = await pull(sendFile(content), { change: { bytes: 299_999 } });
    expect(found.error).toMatchObject({ code: 'WRONG_FILE' });
    expect(found.error!.message).toMatch(/has 300000 bytes, not 299999/);
    expect(found.left).toEqual([]);
  });

  it('stops a server that sends more than it said it would', async () => {
    const found = await pull(
      (_, response) => {
        response.writeHead(200);
        response.end(Buffer.concat([content, content]));
      },
      { change: { bytes: content.length } },
    );
    expect(found.error!.message).toMatch(/more than 300000 bytes came/);
  });

  it('takes the beginning of a digest for a pin, and SHA-1', async () => {
    const prefix = {
      algorithm: 'sha256',
      hex: sha256.slice(0, 8),
      source: 'x',
    } as const;
    expectWhole(await pull(sendFile(content), { change: { pin: prefix } }));
    const hex = createHash('sha1').update(content).digest('hex');
    const sha1 = { algorithm: 'sha1', hex, source: 'x' } as const;
    expectWhole(await pull(sendFile(content), { change: { pin: sha1 } }));
    const wrong = { algorithm: 'sha256', hex: '00000000', source: 'x' } as const;
    const found = await pull(sendFile(content), { change: { pin: wrong } });
    expect(found.error!.message).toMatch(/SHA-256 beginning with 00000000/);
  });

  it('follows redirects, as many as browsers need', async () => {
    const found = await pull((request, response, count) => {
      if (count > 4) return sendFile(content)(request, response, count);
      response.writeHead(302, { location: `/elsewhere/${count}?a=b` }).end();
    });
    expectWhole(found);
    expect(found.requests.at(-1)).toBe('GET /elsewhere/4?a=b');
  });

  it.each([
    ['for ever', (n: number) => `/${n}`, /more than 5 times/],
    ['to plain HTTP on another machine', () => 'http://example.org/x', /not HTTPS/],
    ['to a file', () => 'file:///etc/passwd', /not HTTPS/],
    ['to data', () => 'data:text/plain,x', /not HTTPS/],
    ['to nonsense', () => 'http://[', /to nowhere/],
  ])('refuses redirects %s', async (_, location, problem) => {
    const found = await pull((_request, response, count) => {
      response.writeHead(301, { location: location(count) }).end();
    });
    expect(found.error!.message).toMatch(problem);
    expect(found.requests.length).toBeLessThanOrEqual(6);
    expect(found.left).toEqual([]);
  });

  it('asks no other machine by plain HTTP', async () => {
    const files = official(['http://example.org/small.bin']);
    await expect(
      pullWeights('small', { cache: temporaryFolder(), files }),
    ).rejects.toThrow(/which is not HTTPS; refused/);
  });

  it.each([
    ['that never answers', () => undefined],
    [
      'that falls silent on the way',
      (_: unknown, response: Parameters<Handler>[1]) => {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 10));
      },
    ],
  ] as [string, Handler][])('gives up a server %s', async (_, handler) => {
    const found = await pull(handler, { attempts: 2, stallTimeout: 150 });
    expect(found.error!.message).toMatch(/nothing came for 0.15 seconds/);
    expect(found.requests.length).toBe(2);
  });

  it('waits for a slow server as long as something comes', async () => {
    const found = await pull(
      (_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        let at = 0;
        const timer = setInterval(() => {
          response.write(content.subarray(at, (at += 30_000)));
          if (at < content.length) return;
          clearInterval(timer);
          response.end();
        }, 60);
      },
      { stallTimeout: 300 },
    );
    expectWhole(found);
  });

  it('tries again after 500, not after 404, then the next address', async () => {
    const troubled = await pull((request, response, count) => {
      if (count > 2) return sendFile(content)(request, response, count);
      response.writeHead(503).end('busy');
    });
    expectWhole(troubled);
    const missing = await pull((_, response) => response.writeHead(404).end('no'));
    expect(missing.error!.message).toMatch(/small\.bin: the server answers 404/);
    expect(missing.requests.length).toBe(1);

    const good = await start(sendFile(content));
    const bad = await start((_, response) => response.writeHead(404).end());
    const files = official([`${bad.url}/a`, `${good.url}/b`]);
    const cache = temporaryFolder();
    await pullWeights('small', { ...QUICK, cache, files });
    expect(readdirSync(cache)).toEqual(['small.bin']);
  });

  it('refuses what comes compressed', async () => {
    const found = await pull((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    expect(found.error!.message).toMatch(/compressed/);
  });

  it('fetches anew what lies damaged in the cache', async () => {
    const cache = temporaryFolder();
    writeFileSync(join(cache, 'small.bin'), 'damaged');
    expectWhole(await pull(sendFile(content), { cache }));
  });

  it('does not write while another process does; takes over from one that is gone', async () => {
    const cache = temporaryFolder();
    const lock = join(cache, 'small.bin.lock');
    writeFileSync(lock, String(process.ppid));
    const busy = await pull(sendFile(content), { cache });
    expect(busy.error).toMatchObject({ code: 'IN_USE' });
    writeFileSync(lock, '999999999');
    expectWhole(await pull(sendFile(content), { cache }));
  });

  it('stops when it is told to, and keeps what came', async () => {
    const controller = new AbortController();
    const server = await start((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
      setTimeout(() => controller.abort(), 100);
    });
    const cache = temporaryFolder();
    const files = official([`${server.url}/small.bin`]);
    const { signal } = controller;
    await expect(pullWeights('small', { cache, files, signal })).rejects.toThrow();
    expect(server.requests.length).toBe(1);
    expect(readdirSync(cache)).toEqual(['small.bin.part']);
  });

  it('goes to a mirror alone, by the file’s name', async () => {
    const server = await start(sendFile(content));
    const files = official(['https://example.invalid/x/y.bin']);
    const cache = temporaryFolder();
    await pullWeights('small', { cache, files, mirror: `${server.url}/models` });
    expect(server.requests).toEqual(['GET /models/small.bin']);
    await expect(
      pullWeights('small', { cache: temporaryFolder(), files, mirror: 'file:///etc' }),
    ).rejects.toMatchObject({ code: 'BAD_MIRROR' });
  });

  it('names what there is', async () => {
    await expect(pullWeights('constructor', {})).rejects.toThrow(
      /no "constructor"; there are bvlc-googlenet, /,
    );
  });
});

describe('the published files', () => {
  it.each(Object.entries(OFFICIAL_FILES))(
    '%s is pinned and comes by HTTPS',
    (_, file) => {
      const { hex, algorithm, source } = file.pin;
      expect(hex).toMatch(/^[0-9a-f]+$/);
      expect(hex.length).toBe(
        algorithm === 'sha1' ? 40 : file.file.includes(hex) ? 8 : 64,
      );
      expect(source).not.toBe('');
      expect(file.file).toMatch(/^[\w.-]+$/);
      for (const url of file.urls) expect(url).toMatch(/^https:\/\//);
    },
  );
});

describe('rcnn weights pull', () => {
  it('says which names there are', async () => {
    const { code, stderr } = await runCli(['weights', 'pull', 'vgg']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/there is no "vgg"; there are .*torchvision-googlenet/);
  });

  it('fetches from a mirror, refuses a file that is another, and exits with 2', async () => {
    const server = await start(sendFile(content));
    const cache = join(temporaryFolder(), 'new', 'cache');
    const { code, stderr } = await runCli([
      ...['weights', 'pull', 'torchvision-googlenet', '--mirror', server.url],
      ...['--cache', cache, '--quiet', '--timeout', '5'],
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/googlenet-1378be20\.pth: the file there has sha256/);
    expect(stderr).toMatch(/not SHA-256 beginning with 1378be20/);
    expect(readdirSync(cache)).toEqual([]);
  });
});
