import { GatewayError } from './errors.ts';

/** The database a request is for. */
export interface Target {
  /** The connection string as sent: requests with the same one may share a connection. */
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly applicationName: string | undefined;
}

/** The address of a host that is this machine, so that no name is ever looked up; undefined for others. */
function loopbackAddress(hostname: string): string | undefined {
  if (hostname === 'localhost') return '127.0.0.1';
  if (hostname === '[::1]') return '::1';
  return /^127\.\d+\.\d+\.\d+$/.test(hostname) ? hostname : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new GatewayError(400, 'invalid connection string: invalid percent-encoding');
  }
}

function parseUrl(connectionString: string): URL {
  const [scheme = ''] = connectionString.split(':', 1);
  if (!URL.canParse(connectionString)) {
    throw new GatewayError(400, 'invalid connection string: not a URL');
  }
  if (scheme !== 'postgres' && scheme !== 'postgresql') throw new GatewayError(400, 'incorrect scheme');
  // Only of an http URL does the parser normalise the host: `127.1` and `0x7f.1` become 127.0.0.1.
  const asHttp = `http${connectionString.slice(scheme.length)}`;
  if (!URL.canParse(asHttp)) throw new GatewayError(400, 'invalid connection string: not a URL');
  return new URL(asHttp);
}

/**
 * Reads the `Neon-Connection-String` header. Of its query parameters only `application_name` counts, as at
 * Neon: `sslmode` and the like are about the way to the proxy.
 * @throws GatewayError 400, also for a host that is not this machine: the gateway must not be a relay
 */
export function parseTarget(connectionString: string | undefined): Target {
  if (!connectionString) throw new GatewayError(400, 'invalid header: neon-connection-string');
  const url = parseUrl(connectionString);
  const database = decode(url.pathname.slice(1));
  const user = decode(url.username);
  const password = decode(url.password);
  if (!database) throw new GatewayError(400, 'missing database name');
  if (!user) throw new GatewayError(400, 'missing username');
  if (!password) throw new GatewayError(400, 'missing authentication credentials: required password');
  const host = loopbackAddress(url.hostname);
  if (host === undefined) {
    throw new GatewayError(400, `this gateway only reaches databases on this machine, not ${url.hostname}`);
  }
  if (`${database}${user}${password}`.includes('\0')) {
    throw new GatewayError(400, 'invalid connection string: embedded null');
  }
  return {
    key: connectionString,
    host,
    port: parsePort(connectionString, url),
    user,
    password,
    database,
    applicationName: url.searchParams.get('application_name') ?? undefined,
  };
}

/** An http URL hides an explicit port 80. */
function parsePort(connectionString: string, url: URL): number {
  const port = url.port || new URL(connectionString).port;
  return port === '' ? 5432 : Number(port);
}
