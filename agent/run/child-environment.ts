/**
 * What the application does not inherit: our tokens; the names of sockets that a service manager passed to us, as Node.js passes
 * on none but the standard streams; and whose watchdog it is: without WATCHDOG_PID, it is that of the process that asks.
 */
const notInherited = /^(?:HAWEIGHT_\w*TOKEN|LISTEN_(?:FDS|PID|FDNAMES)|WATCHDOG_PID)$/;

/** The environment of the application that an agent starts. The rest stays: it talks to the service manager itself. */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !notInherited.test(name)));
}
