import { rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Another process holds the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/**
 * Makes this process the only one that works in the folder, until it releases the lock or ends. The lock is a socket
 * that is listened on: unlike a file with a process id, it is gone with its process, and it cannot be mistaken.
 * @throws FolderInUse
 */
export async function lockFolder(folder: string): Promise<{ release(): Promise<void> }> {
  const path = addressIn(folder);
  const server = await listen(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    if (await answers(path)) throw new FolderInUse(folder);
    rmSync(path, { force: true });
    return listen(path);
  });
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Windows has no sockets in folders, but named pipes. */
function addressIn(folder: string): string {
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\ratecard-${Buffer.from(folder).toString('base64url')}`
    : join(folder, 'lock.sock');
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
