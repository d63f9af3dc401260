/** HAProxy's stats socket where its packages put it. */
export const defaultSocket = '/run/haproxy/admin.sock';

/** Ports of the agent and of the controller's status API unless told otherwise. */
export const agentPort = 9477;
export const controllerPort = 9478;

/** An HTTP URL without user and password: URLs are shown in the status and in logs. */
export const httpUrlPattern = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/;
