# Agent, controller, command and demo application in one image:
#     docker build -t haweight .
#     docker run --rm haweight --help
# For Debian's Node.js images (glibc and bash). The image is for the builder's architecture, or that of --platform.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /opt/haweight
COPY .npmrc package.json package-lock.json ./
# no package needs its install script
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
# Check now that the native module loads, and that there is only the one for this platform.
RUN node -e "require('koffi').load(null)" \
  && [ "$(ls node_modules/@koromix | wc -l)" = 1 ] \
  || { echo "Dockerfile: the native part of koffi does not fit $(uname -m): build with a NODE_IMAGE of this platform" >&2; exit 1; }

FROM ${NODE_IMAGE} AS build
WORKDIR /opt/haweight
COPY .npmrc package.json package-lock.json ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY shared shared
COPY agent agent
COPY haproxy haproxy
COPY controller controller
COPY cli cli
COPY testbed testbed
RUN node_modules/.bin/tsc -p tsconfig.build.json && chmod 755 dist/cli/bin.js

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="haweight" \
  org.opencontainers.image.description="Measures every server behind HAProxy and sets HAProxy's weights from what it finds" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /opt/haweight
COPY LICENSE package.json ./
COPY --from=packages /opt/haweight/node_modules node_modules
COPY --from=build /opt/haweight/dist dist
COPY deploy/container/healthz /usr/local/bin/healthz
# A volume mounted on /run/haweight gets its owner from the image. The user may write only there.
RUN ln -s /opt/haweight/dist/cli/bin.js /usr/local/bin/haweight && install -d -o 1000 -g 1000 -m 700 /run/haweight
# a number, so that container engines see that it is not root
USER 1000:1000
# Measure once with what is in the image: a missing package or an old Node.js fails here.
RUN haweight agent --once --json --sample-ms 100 --window-ms 100 > /dev/null
ENTRYPOINT ["haweight"]
CMD ["--help"]
