# The daemon and its commands in a container: docker build -t kanban . ; see docs/operations.md
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY . /source
RUN python -m venv /opt/kanban \
    && /opt/kanban/bin/pip install /source \
    && /opt/kanban/bin/pip uninstall --yes boto3 botocore s3transfer \
    && /opt/kanban/bin/pip uninstall --yes pip \
    && rm -rf /opt/kanban/lib/python3.11/site-packages/litellm/proxy/_experimental \
    && find /opt/kanban -depth -type d -name tests -exec rm -rf {} + \
    && find /opt/kanban -depth -type d -name __pycache__ -exec rm -rf {} +

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap openssh-client tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --shell /bin/bash kanban \
    && install --directory --owner kanban --group kanban --mode 0700 /home/kanban/board
COPY --from=build /opt/kanban /opt/kanban
ENV PATH=/opt/kanban/bin:$PATH KANBAN_HOME=/home/kanban/board PYTHONDONTWRITEBYTECODE=1
USER kanban
WORKDIR /home/kanban
VOLUME /home/kanban/board
# tini collects what the commands of runs leave behind
ENTRYPOINT ["tini", "--", "kanban"]
CMD ["up"]
