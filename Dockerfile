# One process per container; the state is in the volume, the code is not writable.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/kembang \
 && /opt/kembang/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY recommender recommender
COPY customers customers
COPY experiments experiments
COPY service service
RUN /opt/kembang/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/kembang/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
# implicit's wheel is built with OpenMP, which the slim image lacks.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --create-home kembang \
 && install --directory --owner kembang /var/lib/kembang
COPY --from=build /opt/kembang /opt/kembang
ENV PATH=/opt/kembang/bin:$PATH KEMBANG_HOME=/var/lib/kembang PYTHONUNBUFFERED=1
USER kembang
VOLUME /var/lib/kembang
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["kembang", "serve", "--host", "0.0.0.0", "--port", "8000"]
