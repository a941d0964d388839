"""Track a comparison in MLflow: parameters, curves, metrics and the model.

The estimators are scikit-learn estimators, so `get_params` returns everything to log.
The model goes into the run as one safetensors file, which runs no code when loaded.

Needs ``pip install mlflow-skinny "skdiffuasr[persist]"``. Run it with
``python examples/with_mlflow.py``; the runs are in a temporary folder.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, RandomAugmenter, SASRecEstimator
from skdiffuasr.datasets import make_sequences
from skdiffuasr.metrics import NextItemScorer
from skdiffuasr.model_selection import leave_last_out
from skdiffuasr.persistence import load, save


def log_run(name, model, X_train, X_test, y_test, folder):
    """Fit a model and log its parameters, curve, metrics and file."""
    with mlflow.start_run(run_name=name):
        mlflow.log_params(model.get_params(deep=True))
        model.fit(X_train)
        recommender = model[-1]
        for epoch, loss in enumerate(recommender.loss_curve_, start=1):
            mlflow.log_metric("loss", loss, step=epoch)
        for metric, value in NextItemScorer()(model, X_test, y_test).items():
            mlflow.log_metric(metric.replace("@", "_at_"), value)
        path = Path(folder, f"{name}.safetensors")
        save(model, path)
        mlflow.log_artifact(str(path))


def main():
    log = make_sequences(n_users=400, n_items=120, random_state=0)
    X_train, _, X_test, y_test = leave_last_out(log.X)
    tiny = {"max_epochs": 4, "random_state": 0}
    recommender = SASRecEstimator(16, n_layers=1, max_length=25, **tiny)
    models = {
        "random": Pipeline([("aug", RandomAugmenter(5)), ("rec", recommender)]),
        "diffusion": Pipeline(
            [("aug", DiffusionSequenceAugmenter(5, **tiny)), ("rec", recommender)]
        ),
    }
    with TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/runs.db")
        mlflow.create_experiment("demo", artifact_location=Path(folder).as_uri())
        mlflow.set_experiment("demo")
        for name, model in models.items():
            log_run(name, model, X_train, X_test, y_test, folder)
        runs = mlflow.MlflowClient().search_runs(
            mlflow.get_experiment_by_name("demo").experiment_id
        )
        for run in runs:
            print(run.info.run_name, f"ndcg@10 {run.data.metrics['ndcg_at_10']:.4f}")
        loaded = load(Path(folder, "diffusion.safetensors"))
        print("The model reads back:", loaded.predict(X_test[:3]))


if __name__ == "__main__":
    main()
